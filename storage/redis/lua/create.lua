--! time session binding creating receipts
-- Makes a session by name. See Catalog.create.

local clock, id, thread, audience, name, folded, title, starter, model, system, memory = unpack(cmsgpack.unpack(ARGV[1]))
local META, BINDINGS, RECENT, NAMES, ALPHABET, AUDIENCES, RECEIPT = unpack(KEYS, 2)
local now = store_time(clock)

local before = receipt(RECEIPT, 'create', now, memory)
if before then
  return { 'again', before }
end
if redis.call('EXISTS', META) == 0 then
  return { 'nowhere' }
end
if redis.call('HEXISTS', NAMES, folded) == 1 or load_session(id) then
  return { 'taken' }
end
local session = new_session(id, name, folded, title, audience, starter, model, system, now)
if thread ~= '' then
  bind_thread(BINDINGS, thread, session)
end
list_session(session, NAMES, ALPHABET, RECENT, AUDIENCES)
local record = save_session(session)
sign(RECEIPT, 'create', now, memory, record)
return { 'fresh', record }
