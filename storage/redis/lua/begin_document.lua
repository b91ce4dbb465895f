--! time shelf
-- Finds or makes the stretch of numbers for a document's passages, and says how much of it is filled. Where the
-- document is there as it should be, says what is to be cleared.

local clock, source, token, count, patience = unpack(cmsgpack.unpack(ARGV[1]))
local now, document = store_time(clock), document_of(source)
if document and document[TOKEN] == token then
  return { 'there', leftovers(now) }
end
local all = redis.call('HGETALL', STRETCHES)
for place = 1, #all, 2 do
  local stretch = unpacked(all[place + 1])
  if stretch and stretch[FILLED_BY] == token and stretch[DUE] > now then
    stretch[DUE] = now + patience
    save_stretch(all[place], stretch)
    return { 'fill', all[place], stretch[BATCHES] }
  end
end
local first = redis.call('HINCRBY', COUNTERS, 'next', math.max(count, 1)) - math.max(count, 1)
save_stretch(first, { token, 0, 0, now + patience })
return { 'fill', first, 0 }
