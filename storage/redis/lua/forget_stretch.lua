--! shelf leaf
-- Forgets a stretch of which nothing is left to be cleared.

if redis.call('EXISTS', LAID) == 0 then
  redis.call('HDEL', STRETCHES, ARGV[1])
end
return 1
