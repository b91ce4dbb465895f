--! session inbox lease
-- Frees the lease and leaves the inbox as it is. See Turns.release.

local workspace, id, channel, holder, token, fence = unpack(cmsgpack.unpack(ARGV[1]))
local session = load_session(id)
if not session or not holds(session, holder, token, fence) then
  return 0
end
free_lease(session, workspace, channel, turn_at(0))
save_session(session)
return 1
