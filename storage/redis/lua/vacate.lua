-- Takes away which workspace holds a thread's binding, unless that was set anew.

local thread, seen = ARGV[1], ARGV[2]
if redis.call('HGET', KEYS[1], thread) == seen then
  return redis.call('HDEL', KEYS[1], thread)
end
return 0
