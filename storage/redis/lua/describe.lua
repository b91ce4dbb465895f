-- A workspace's record and the number of its sessions.

local meta = redis.call('HMGET', KEYS[1], 'key', 'title', 'created_at')
if not meta[1] then
  return false
end
local sessions = 0
for _, count in ipairs(redis.call('HVALS', KEYS[2])) do
  sessions = sessions + count
end
table.insert(meta, sessions)
return meta
