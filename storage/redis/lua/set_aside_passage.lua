-- Takes something that cannot be read out of a hash or a list of passages, and keeps its bytes.

local where, why, record, field = unpack(ARGV)
local PASSAGES, QUARANTINE = KEYS[1], KEYS[2]
if redis.call('HGET', PASSAGES, field) == record then
  redis.call('HDEL', PASSAGES, field)
  redis.call('RPUSH', QUARANTINE, where, why, record)
end
return 1
