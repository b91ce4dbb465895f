--! time receipts
-- What an event's command came to. See Catalog.recorded.

local clock, memory = unpack(cmsgpack.unpack(ARGV[1]))
local now = store_time(clock)
for _, command in ipairs({ 'create', 'bind', 'delete' }) do
  local before = receipt(KEYS[1], command, now, memory)
  if before then
    return before
  end
end
return false
