--! session
-- Gives a session another title. See Catalog.retitle.

local session = load_living(ARGV[1])
if session then
  session[TITLE] = ARGV[2]
  save_session(session)
end
return 1
