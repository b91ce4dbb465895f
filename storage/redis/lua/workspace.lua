--! time
-- A workspace's record: made if it is missing and an id is proposed; a title that is given replaces the old one.

local clock, key, title, make = unpack(cmsgpack.unpack(ARGV[1]))
local META = KEYS[1]
if redis.call('EXISTS', META) == 0 then
  if not make then
    return false
  end
  redis.call('HSET', META, 'key', key, 'title', title, 'created_at', string.format('%.0f', store_time(clock)), '=' .. key, '')
elseif title ~= '' then
  redis.call('HSET', META, 'title', title)
end
return redis.call('HMGET', META, 'key', 'title', 'created_at', '=' .. key)
