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
  local leaves, place = unpack(one)
  if rank == 1 or leaves <= room then
    room = room - leaves
    found[place - BEFORE_WORDS] = redis.call('HGETALL', KEYS[place])
  end
end
return { redis.call('HMGET', COUNTERS, 'passages', 'words', 'changes'), found }
