--! time session inbox lease
-- Takes the lease for the head of the inbox. See Turns.acquire.

local clock, workspace, id, claim, known, limit = unpack(cmsgpack.unpack(ARGV[1]))
local session = load_session(id)
local work = take(session, workspace, claim, known, limit, store_time(clock))
return work and { save_session(session), work } or false
