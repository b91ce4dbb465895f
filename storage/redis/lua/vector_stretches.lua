--! shelf
-- A page of documents by their numbers: where passages begin, and how many have vectors if any. Behind a number.

local after, limit = ARGV[1], ARGV[2]
local rows = {}
local page = redis.call('ZRANGE', NUMBERS, '(' .. after, '+inf', 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
for place = 1, #page, 2 do
  local document = document_of(page[place])
  table.insert(rows, { page[place + 1], document and document[HAS_VECTORS] and document[COUNT] or 0 })
end
return rows
