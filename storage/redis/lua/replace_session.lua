-- Puts another record in the place of one that cannot be read, and keeps its bytes. See storage/redis/rebuilding.py.
-- An empty record takes the session away.

local id, damaged, record, where, why = unpack(ARGV)
local SESSIONS, QUARANTINE = KEYS[1], KEYS[2]
if redis.call('HGET', SESSIONS, id) ~= damaged then
  return 0
end
redis.call('RPUSH', QUARANTINE, where, why, damaged)
if record == '' then
  redis.call('HDEL', SESSIONS, id)
else
  redis.call('HSET', SESSIONS, id, record)
end
return 1
