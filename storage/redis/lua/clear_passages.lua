--! shelf leaf
-- Clears a part of a stretch that is no document's: passages, vectors, and where their words stand. May be repeated.

local leaf, low, high, words = unpack(cmsgpack.unpack(ARGV[1]))
local kept = ARGV[2]
local BEFORE_WORDS = 2

-- What one call added stands in one piece.
local function without(there)
  local start, stop = #there + 1, #there
  for at = 1, #there - 2, 3 do
    local number = string.byte(there, at)
    if number >= low and number <= high then
      start, stop = math.min(start, at), at + 2
    end
  end
  return string.sub(there, 1, start - 1) .. string.sub(there, stop + 1)
end

local function clear_words()
  local there = redis.call('HMGET', PLACES, unpack(ARGV, BEFORE_WORDS + 1, BEFORE_WORDS + words))
  local gone, fields = {}, {}
  for word = 1, words do
    local left = there[word] and without(there[word])
    if left == '' then
      table.insert(gone, ARGV[BEFORE_WORDS + word])
    elseif left then
      table.insert(fields, ARGV[BEFORE_WORDS + word])
      table.insert(fields, left)
    end
  end
  if #gone > 0 then
    redis.call('HDEL', PLACES, unpack(gone))
  end
  if #fields > 0 then
    redis.call('HSET', PLACES, unpack(fields))
  end
end

if redis.call('LREM', LAID, 1, kept) == 0 then
  return 0
end
if words > 0 then
  clear_words()
end
local numbers = {}
for number = low, high do
  table.insert(numbers, number)
end
redis.call('HDEL', PASSAGES, unpack(numbers))
redis.call('HDEL', VECTORS, unpack(numbers))
if redis.call('HINCRBY', LEAVES, leaf, -#numbers) <= 0 then
  redis.call('HDEL', LEAVES, leaf)
  redis.call('HINCRBY', COUNTERS, 'leaves', 1)
end
return 1
