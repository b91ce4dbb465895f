--! time shelf leaf
-- Fills a part of a stretch: passages of one leaf, their vectors, and where their words stand. Once, by its number.

local clock, first, number, patience, leaf, length, texts, vectors, words = unpack(cmsgpack.unpack(ARGV[1]))
local BEFORE_TEXTS = 2
local before_vectors = BEFORE_TEXTS + 2 * texts
local before_words = before_vectors + 2 * vectors
local before_places = before_words + words

-- Entries come behind those that other parts put there.
local function add_words()
  local there = redis.call('HMGET', PLACES, unpack(ARGV, before_words + 1, before_places))
  local fields = {}
  for word = 1, words do
    local added = ARGV[before_places + word]
    fields[2 * word - 1] = ARGV[before_words + word]
    fields[2 * word] = there[word] and there[word] .. added or added
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
  redis.call('HSET', VECTORS, unpack(ARGV, before_vectors + 1, before_words))
end
if words > 0 then
  add_words()
end
if redis.call('HINCRBY', LEAVES, leaf, texts) == texts then
  redis.call('HINCRBY', COUNTERS, 'leaves', 1)
end
stretch[BATCHES], stretch[FILLED_WORDS], stretch[DUE] = number + 1, stretch[FILLED_WORDS] + length, now + patience
save_stretch(first, stretch)
return 1
