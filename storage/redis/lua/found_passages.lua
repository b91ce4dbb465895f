--! shelf
-- The documents and texts of passages that were found by their numbers, best first, those that are no document's left
-- out. What has changed since the numbers were found may hide a document: then it says to search again.

local changes, limit, last, numbers, leaves = unpack(cmsgpack.unpack(ARGV[1]))
local BEFORE_LEAVES, known, rows, stale = 5, {}, {}, false

local function document_with(number)
  local source = redis.call('ZRANGE', NUMBERS, number, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, 1)[1]
  if source and not known[source] then
    known[source] = { source, redis.call('HGET', DOCUMENTS, source) }
    known[source][3] = unpacked(known[source][2])
  end
  return known[source]
end

for at, number in ipairs(numbers) do
  local found = document_with(number)
  local document = found and found[3]
  if found and not (document and document[CHANGE]) then
    return { 'damaged', found[1], found[2] }
  end
  if not document or number >= document[FIRST] + document[COUNT] or document[CHANGE] > changes then
    stale = true
  else
    local passages = BEFORE_LEAVES + 2 * leaves[at] + 1
    local vectors = passages + 1
    local text = redis.call('HGET', KEYS[passages], number % 256)
    if text then
      table.insert(rows, { at - 1, found[1], found[2], text, redis.call('HGET', KEYS[vectors], number % 256) })
    end
  end
  if #rows == limit then
    break
  end
end
if stale and not last and tonumber(redis.call('HGET', COUNTERS, 'changes') or 0) ~= changes then
  return { 'again' }
end
return { 'found', rows }
