-- Lets a workspace key lead to a workspace unless it leads to one; returns the one that it leads to.

if redis.call('SETNX', KEYS[1], ARGV[1]) == 1 then
  return ARGV[1]
end
return redis.call('GET', KEYS[1])
