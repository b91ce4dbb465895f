--! shelf
-- Clears a part of a stretch that is no document's: passages, vectors, and where their words stand. May be repeated.

local leaf, low, high = unpack(cmsgpack.unpack(ARGV[1]))
local LAID, PASSAGES, VECTORS = KEYS[6], KEYS[7], KEYS[8]

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

for place = 9, #KEYS do
  local there = redis.call('HGET', KEYS[place], leaf)
  if there then
    local left = without(there)
    if left == '' then
      redis.call('HDEL', KEYS[place], leaf)
    else
      redis.call('HSET', KEYS[place], leaf, left)
    end
  end
end
local numbers = {}
for number = low, high do
  table.insert(numbers, number)
end
redis.call('HDEL', PASSAGES, unpack(numbers))
redis.call('HDEL', VECTORS, unpack(numbers))
return redis.call('LREM', LAID, 1, ARGV[2])
