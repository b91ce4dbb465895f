-- Where words stand: rare ones first, and common ones as long as there is room. See Knowledge.find_passages.

local COUNTERS, BEFORE_WORDS = KEYS[1], 1
local room, order, found = tonumber(ARGV[1]), {}, {}
for place = BEFORE_WORDS + 1, #KEYS do
  table.insert(order, { redis.call('HLEN', KEYS[place]), place })
  table.insert(found, {})
end
table.sort(order, function(one, other)
  return one[1] < other[1]
end)
for rank, one in ipairs(order) do
  if rank == 1 or one[1] <= room then
    room = room - one[1]
    found[one[2] - BEFORE_WORDS] = redis.call('HGETALL', KEYS[one[2]])
  end
end
return { redis.call('HMGET', COUNTERS, 'passages', 'words', 'changes'), found }
