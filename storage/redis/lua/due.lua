--! time
-- Lists up to a number of a bucket's sessions that have work and no valid lease, on the platforms asked for.

local clock, platforms, limit = unpack(cmsgpack.unpack(ARGV[1]))
local DUE, STEP = KEYS[1], 256
local now = string.format('%.0f', store_time(clock))
local wanted = {}
for _, platform in ipairs(platforms) do
  wanted[platform] = true
end
local found, start = {}, 0
while #found < limit do
  local batch = redis.call('ZRANGEBYSCORE', DUE, '-inf', now, 'LIMIT', start, STEP)
  for _, member in ipairs(batch) do
    local platform = string.match(member, '^[^%z]*')
    if wanted[platform] or string.sub(platform, 1, 1) == '~' then
      table.insert(found, member)
    end
  end
  if #batch < STEP then
    break
  end
  start = start + STEP
end
return found
