-- Takes the words of a part of a stretch away that cannot be read, and keeps their bytes.

local where, why, kept = unpack(ARGV)
local LAID, QUARANTINE = KEYS[1], KEYS[2]
if redis.call('LREM', LAID, 1, kept) > 0 then
  redis.call('RPUSH', QUARANTINE, where, why, kept)
end
return 1
