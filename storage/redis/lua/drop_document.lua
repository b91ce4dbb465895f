--! time shelf
-- Lets a document be found no more. See Knowledge.drop_document. Returns its record and what is to be cleared. A repeat
-- after a lost reply returns the record as well.

local clock, source = unpack(cmsgpack.unpack(ARGV[1]))
local record = redis.call('HGET', DOCUMENTS, source)
if record then
  withdraw(source, record)
  redis.call('HINCRBY', COUNTERS, 'changes', 1)
else
  for _, kept in ipairs(redis.call('HVALS', STRETCHES)) do
    local stretch = unpacked(kept)
    if stretch and stretch[DROPPED_SOURCE] == source then
      record = stretch[DROPPED]
    end
  end
end
return { record, leftovers(store_time(clock)) }
