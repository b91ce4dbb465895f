--! session
-- The session that a thread is bound to. See Catalog.bound.

local id = redis.call('HGET', KEYS[2], ARGV[1])
return id and { id, redis.call('HGET', SESSIONS, id) }
