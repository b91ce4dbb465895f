-- Gives a workspace another key of its own; the keys that led to it go on doing so.

redis.call('HSET', KEYS[1], 'key', ARGV[1], '=' .. ARGV[1], '')
return 1
