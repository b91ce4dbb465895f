--! time shelf
-- Lets a document be found no more. See Knowledge.drop_document. Returns its record and what is to be cleared.

local clock, source = unpack(cmsgpack.unpack(ARGV[1]))
local record = redis.call('HGET', DOCUMENTS, source)
if record then
  withdraw(source)
  redis.call('HINCRBY', COUNTERS, 'changes', 1)
end
return { record, leftovers(store_time(clock)) }
