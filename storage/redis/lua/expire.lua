--! time session creating inbox lease
-- Archives a session that is idle, or erases one that is archived. See Catalog.expire.

local clock, id, active_at, archived_at = unpack(cmsgpack.unpack(ARGV[1]))
local BINDINGS, RECENT, NAMES, ALPHABET, AUDIENCES = unpack(KEYS, 5)
local now = store_time(clock)

local session = load_living(id)
if not session or session[ACTIVE_AT] ~= active_at or session[ARCHIVED] ~= archived_at then
  return 0
end
if turn_at(0) or not is_free(session, now) then
  return 0
end
if session[ARCHIVED] == 0 then
  session[ARCHIVED] = now
  save_session(session)
else
  erase_session(session, BINDINGS, NAMES, ALPHABET, RECENT, AUDIENCES, TRANSCRIPT)
  redis.call('HDEL', SESSIONS, id)
end
return 1
