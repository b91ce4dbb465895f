--! marks
-- Where words stand in some leaves. See Knowledge.find_passages. Which leaves there are the caller remembers: where that
-- is out of date, says which there are. Of words that stand almost everywhere only as many are read as there is room.

local COUNTERS, LEAVES, BEFORE_LEAVES = KEYS[1], KEYS[2], 2
local known, room, words, fields = unpack(cmsgpack.unpack(ARGV[1]))
local leaves, SAMPLES, MOST_BYTES = #KEYS - BEFORE_LEAVES, 16, 768

-- All that a row says of a word, or false.
local function entries_of(row, mark)
  local found, start, stop = {}, entries_behind(mark, row, 1)
  while start do
    table.insert(found, string.sub(row, start, stop))
    start, stop = entries_behind(mark, row, stop + 1)
  end
  return #found > 0 and table.concat(found)
end

-- How many bytes there are about each word, by some of the leaves. Not asked where there is room for all.
local function sizes()
  local step, seen, sums = math.max(1, math.floor(leaves / SAMPLES)), 0, {}
  for place = 1, #words do
    sums[place] = { 0, mark_of(words[place]), fields[place], place - 1 }
  end
  if MOST_BYTES * #words * leaves <= room then
    return sums
  end
  for place = BEFORE_LEAVES + 1, #KEYS, step do
    seen = seen + 1
    for word, row in ipairs(redis.call('HMGET', KEYS[place], unpack(fields))) do
      sums[word][1] = sums[word][1] + #(row and entries_of(row, sums[word][2]) or '')
    end
  end
  for _, sum in ipairs(sums) do
    sum[1] = sum[1] * leaves / math.max(seen, 1)
  end
  return sums
end

local version = redis.call('HGET', COUNTERS, 'leaves') or '0'
if version ~= known then
  return { 'leaves', version, redis.call('HKEYS', LEAVES) }
end
local order, marks, wanted, chosen = sizes(), {}, {}, {}
table.sort(order, function(one, other)
  return one[1] < other[1]
end)
for rank, one in ipairs(order) do
  room = room - one[1]
  if rank == 1 or room >= 0 then
    table.insert(marks, one[2])
    table.insert(wanted, one[3])
    table.insert(chosen, one[4])
  end
end
local found = {}
for place = BEFORE_LEAVES + 1, #KEYS do
  local rows = redis.call('HMGET', KEYS[place], unpack(wanted))
  for word, row in ipairs(rows) do
    rows[word] = row and entries_of(row, marks[word])
  end
  found[place - BEFORE_LEAVES] = rows
end
return { 'places', redis.call('HMGET', COUNTERS, 'passages', 'words', 'changes'), chosen, found }
