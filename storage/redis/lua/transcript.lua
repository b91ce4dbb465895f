-- The messages that end just before an index. See Catalog.transcript.

local before, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local total = redis.call('LLEN', KEYS[1])
local stop = before < 0 and total or math.min(before, total)
local start = math.max(0, stop - limit)
return start < stop and redis.call('LRANGE', KEYS[1], start, stop - 1) or {}
