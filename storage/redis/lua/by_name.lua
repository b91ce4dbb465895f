--! session
-- The session of a folded name. See Catalog.by_name.

local id = redis.call('HGET', KEYS[2], ARGV[1])
return id and { id, redis.call('HGET', SESSIONS, id) }
