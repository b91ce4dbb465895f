--! time
-- Says that a process lives and what it runs; counts those that live. See Roles.muster.

local clock, holder, lanes, duration = unpack(cmsgpack.unpack(ARGV[1]))
local CREW = KEYS[1]
local now = store_time(clock)
redis.call('HSET', CREW, holder, cmsgpack.pack({ now + duration, lanes }))
local all, living, running = redis.call('HGETALL', CREW), 0, 0
for place = 1, #all, 2 do
  local said = cmsgpack.unpack(all[place + 1])
  if said[1] > now then
    living, running = living + 1, running + said[2]
  else
    redis.call('HDEL', CREW, all[place])
  end
end
return { living, running }
