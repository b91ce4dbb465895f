--! shelf
-- Takes a document's record that cannot be read away, and keeps its bytes; its passages wait to be cleared.

local source, record, where, why = unpack(ARGV)
local QUARANTINE = KEYS[6]
if redis.call('HGET', DOCUMENTS, source) == record then
  withdraw(source)
  redis.call('HINCRBY', COUNTERS, 'changes', 1)
  redis.call('RPUSH', QUARANTINE, where, why, record)
end
return 1
