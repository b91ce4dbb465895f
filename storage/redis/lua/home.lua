-- Which workspace holds a thread's binding. Sets it unless another one is there; returns the one that is.

local there = redis.call('HGET', KEYS[1], ARGV[1])
if not there or there == ARGV[3] then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  return ARGV[2]
end
return there
