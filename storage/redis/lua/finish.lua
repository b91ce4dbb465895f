-- The errand is done. See Errands.finish. Its event stays known under a key of its own.

local event = ARGV[1]
redis.call('HDEL', KEYS[1], event)
redis.call('ZREM', KEYS[2], event)
redis.call('HDEL', KEYS[3], event)
return 1
