--! time
-- Lists a bucket's errands whose holder's time has run out, on the platforms asked for: event and age.

local clock, platforms, limit = unpack(cmsgpack.unpack(ARGV[1]))
local KEPT, DUE = KEYS[1], KEYS[2]
local wanted, found = {}, {}
for _, platform in ipairs(platforms) do
  wanted[platform] = true
end
for _, event in ipairs(redis.call('ZRANGEBYSCORE', DUE, '-inf', string.format('%.0f', store_time(clock)))) do
  local errand = cmsgpack.unpack(redis.call('HGET', KEPT, event))
  if wanted[errand[1]] then
    table.insert(found, { string.format('%.0f', errand[3]), event })
    if #found == limit then
      break
    end
  end
end
return found
