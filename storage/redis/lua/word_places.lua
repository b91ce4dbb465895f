-- Where words stand, leaf by leaf. See Knowledge.find_passages. Which leaves there are the caller remembers: where that
-- is out of date, says which there are. Of words that stand almost everywhere only as many are read as there is room.

local COUNTERS, LEAVES, BEFORE_LEAVES = KEYS[1], KEYS[2], 2
local known, room, BEFORE_WORDS, SAMPLES = ARGV[1], tonumber(ARGV[2]), 2, 16
local leaves, words = #KEYS - BEFORE_LEAVES, #ARGV - BEFORE_WORDS

-- How many bytes there are about each word, by some of the leaves.
local function sizes()
  local step, seen, sums = math.max(1, math.floor(leaves / SAMPLES)), 0, {}
  for word = 1, words do
    sums[word] = { 0, word }
  end
  for place = BEFORE_LEAVES + 1, #KEYS, step do
    seen = seen + 1
    for word, entries in ipairs(redis.call('HMGET', KEYS[place], unpack(ARGV, BEFORE_WORDS + 1))) do
      sums[word][1] = sums[word][1] + (entries and #entries or 0)
    end
  end
  for _, sum in ipairs(sums) do
    sum[1] = sum[1] * leaves / math.max(seen, 1)
  end
  return sums
end

local version = redis.call('HGET', COUNTERS, 'leaves') or '0'
if version ~= known or redis.call('HLEN', LEAVES) ~= leaves then
  return { 'leaves', version, redis.call('HKEYS', LEAVES) }
end
local order, wanted = sizes(), {}
table.sort(order, function(one, other)
  return one[1] < other[1]
end)
for rank, one in ipairs(order) do
  room = room - one[1]
  if rank == 1 or room >= 0 then
    table.insert(wanted, ARGV[BEFORE_WORDS + one[2]])
  end
end
local found = {}
for place = BEFORE_LEAVES + 1, #KEYS do
  found[place - BEFORE_LEAVES] = redis.call('HMGET', KEYS[place], unpack(wanted))
end
return { 'places', redis.call('HMGET', COUNTERS, 'passages', 'words', 'changes'), #wanted, found }
