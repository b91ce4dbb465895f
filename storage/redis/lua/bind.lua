--! time session binding receipts
-- Binds a thread to a session. See Catalog.bind.

local clock, id, thread, memory = unpack(cmsgpack.unpack(ARGV[1]))
local BINDINGS, RECEIPT = KEYS[2], KEYS[3]
local now = store_time(clock)

local before = receipt(RECEIPT, 'bind', now, memory)
if before then
  return before
end
local session = load_living(id)
if not session then
  return false
end
session[ARCHIVED] = 0
bind_thread(BINDINGS, thread, session)
local record = save_session(session)
sign(RECEIPT, 'bind', now, memory, record)
return record
