--! session
-- Puts a session away or takes it back. See Catalog.archive.

local session = load_living(ARGV[1])
if session then
  session[ARCHIVED] = ARGV[2] == '1'
  save_session(session)
end
return 1
