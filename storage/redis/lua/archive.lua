--! time session
-- Puts a session away or takes it back. See Catalog.archive.

local clock, id, archived = unpack(cmsgpack.unpack(ARGV[1]))
local session = load_living(id)
if session and (session[ARCHIVED] > 0) ~= archived then
  session[ARCHIVED] = archived and store_time(clock) or 0
  save_session(session)
end
return 1
