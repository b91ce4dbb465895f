--! time
-- Keeps an errand. See Errands.admit.

local clock, event, platform, holder, duration, memory = unpack(cmsgpack.unpack(ARGV[1]))
local SEEN, KEPT, DUE, BODIES = unpack(KEYS)
local now = store_time(clock)
local at = redis.call('GET', SEEN)
if at and (tonumber(at) + memory > now or redis.call('HEXISTS', KEPT, event) == 1) then
  return 0
end
redis.call('SET', SEEN, string.format('%.0f', now), 'PX', math.ceil(memory / 1000))
redis.call('HSET', KEPT, event, cmsgpack.pack({ platform, holder, now }))
redis.call('HSET', BODIES, event, ARGV[2])
redis.call('ZADD', DUE, now + duration, event)
return 1
