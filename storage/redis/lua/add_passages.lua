--! time shelf
-- Fills a part of a stretch: passages of one leaf, their vectors, and where their words stand. Once, by its number.

local clock, first, number, patience, leaf, words, texts, vectors = unpack(cmsgpack.unpack(ARGV[1]))
local LAID, PASSAGES, VECTORS, BEFORE_WORDS, BEFORE_TEXTS = KEYS[6], KEYS[7], KEYS[8], 8, 2
local before_vectors = BEFORE_TEXTS + 2 * texts
local before_places = before_vectors + 2 * vectors
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
  redis.call('HSET', VECTORS, unpack(ARGV, before_vectors + 1, before_places))
end
for place = BEFORE_WORDS + 1, #KEYS do
  local there, added = redis.call('HGET', KEYS[place], leaf), ARGV[before_places + place - BEFORE_WORDS]
  redis.call('HSET', KEYS[place], leaf, there and there .. added or added)
end
stretch[BATCHES], stretch[FILLED_WORDS], stretch[DUE] = number + 1, stretch[FILLED_WORDS] + words, now + patience
save_stretch(first, stretch)
return 1
