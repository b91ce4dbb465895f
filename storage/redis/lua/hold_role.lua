--! time
-- Takes a role or keeps it. See Roles.hold_role.

local clock, holder, duration = unpack(cmsgpack.unpack(ARGV[1]))
local now = store_time(clock)
local held = redis.call('HMGET', KEYS[1], 'holder', 'deadline')
if held[1] and held[1] ~= holder and tonumber(held[2]) > now then
  return 0
end
redis.call('HSET', KEYS[1], 'holder', holder, 'deadline', string.format('%.0f', now + duration))
return 1
