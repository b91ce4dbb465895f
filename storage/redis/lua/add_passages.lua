--! time shelf leaf
-- Fills a part of a stretch: passages of one leaf, their vectors, and where their words stand. Once, by its number.

local clock, first, number, patience, leaf, length, texts, vectors, rows = unpack(cmsgpack.unpack(ARGV[1]))
local BEFORE_TEXTS = 2
local before_vectors = BEFORE_TEXTS + 2 * texts
local before_fields = before_vectors + 2 * vectors
local before_rows = before_fields + rows

-- What is added comes behind what other parts put there.
local function add_words()
  local there = redis.call('HMGET', PLACES, unpack(ARGV, before_fields + 1, before_rows))
  local fields = {}
  for place = 1, rows do
    local added = ARGV[before_rows + place]
    fields[2 * place - 1] = ARGV[before_fields + place]
    fields[2 * place] = there[place] and there[place] .. added or added
  end
  redis.call('HSET', PLACES, unpack(fields))
end

local now = store_time(clock)
local stretch = filling(first, now)
if not stretch or stretch[BATCHES] < number then
  return 0
end
if stretch[BATCHES] > number then
  return 1
end
redis.call('RPUSH', LAID, ARGV[2])
redis.call('HSET', PASSAGES, unpack(ARGV, BEFORE_TEXTS + 1, before_vectors))
if vectors > 0 then
  redis.call('HSET', VECTORS, unpack(ARGV, before_vectors + 1, before_fields))
end
if rows > 0 then
  add_words()
end
if redis.call('HINCRBY', LEAVES, leaf, texts) == texts then
  redis.call('HINCRBY', COUNTERS, 'leaves', 1)
end
stretch[BATCHES], stretch[FILLED_WORDS], stretch[DUE] = number + 1, stretch[FILLED_WORDS] + length, now + patience
save_stretch(first, stretch)
return 1
