-- Takes a row that cannot be read off its shelf, and keeps its bytes. See storage/redis/shelving.py.

local QUARANTINE, SHELF, MARKS = unpack(KEYS)
local key, stands, where, why = unpack(ARGV)
if redis.call('HGET', SHELF, key) ~= stands then
  return 0
end
redis.call('HDEL', SHELF, key)
redis.call('RPUSH', QUARANTINE, where, why, stands)
local marks = redis.call('HGETALL', MARKS)
for place = 1, #marks, 2 do
  if marks[place + 1] == key then
    redis.call('HDEL', MARKS, marks[place])
  end
end
return 1
