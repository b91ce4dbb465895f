--! shelf leaf marks
-- Clears a part of a stretch that is no document's: passages, vectors, and where their words stand. May be repeated.

local leaf, low, high, words = unpack(cmsgpack.unpack(ARGV[1]))
local kept = ARGV[2]
local BEFORE_ROWS = 2

-- What one call added about a word stands in one piece.
local function without(row, word)
  local mark, from = mark_of(word), 1
  while true do
    local start, stop = entries_behind(mark, row, from)
    if not start then
      return row
    end
    local first = string.byte(row, start)
    if first and first >= low and first <= high then
      return string.sub(row, 1, start - #mark - 2) .. string.sub(row, stop + 1)
    end
    from = stop + 1
  end
end

local function clear_words()
  local rows = redis.call('HMGET', PLACES, unpack(ARGV, BEFORE_ROWS + 1))
  local gone, fields = {}, {}
  for place, row in ipairs(rows) do
    for _, word in ipairs(row and words[place] or {}) do
      row = without(row, word)
    end
    if row == '' then
      table.insert(gone, ARGV[BEFORE_ROWS + place])
    elseif row then
      table.insert(fields, ARGV[BEFORE_ROWS + place])
      table.insert(fields, row)
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
if #words > 0 then
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
