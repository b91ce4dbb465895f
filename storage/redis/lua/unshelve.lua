--! time
-- Erases a row of a shelf and returns it; for as long as the memory lasts, its key stays taken.

local clock, key, memory = unpack(cmsgpack.unpack(ARGV[1]))
local SHELF, MARKS, DROPPED = unpack(KEYS)
local stands = redis.call('HGET', SHELF, key)
if not stands then
  return false
end
local mark = cmsgpack.unpack(stands)[3]
redis.call('HDEL', SHELF, key)
if mark ~= '' then
  redis.call('HDEL', MARKS, mark)
end
if memory > 0 then
  redis.call('SET', DROPPED, string.format('%.0f', store_time(clock)), 'PX', math.ceil(memory / 1000))
end
return stands
