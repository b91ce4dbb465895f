--! time
-- Takes an errand over if its holder's time has run out. See Errands.adopt.

local clock, event, holder, duration = unpack(cmsgpack.unpack(ARGV[1]))
local KEPT, DUE, BODIES = unpack(KEYS)
local now = store_time(clock)
local deadline = redis.call('ZSCORE', DUE, event)
if not deadline or tonumber(deadline) > now then
  return false
end
local errand = cmsgpack.unpack(redis.call('HGET', KEPT, event))
errand[2] = holder
redis.call('HSET', KEPT, event, cmsgpack.pack(errand))
redis.call('ZADD', DUE, now + duration, event)
return { errand[1], redis.call('HGET', BODIES, event) }
