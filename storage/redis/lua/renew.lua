--! time session inbox lease
-- Moves the deadline. See Turns.renew.

local clock, workspace, id, holder, token, fence, duration = unpack(cmsgpack.unpack(ARGV[1]))
local session = load_session(id)
local lost = why_lost(session, holder, token, fence)
if lost then
  return { lost }
end
local head = turn_at(0)
session[DEADLINE] = store_time(clock) + duration
note_due(session, workspace, head)
save_session(session)
local stopped = head and head[STOP] and head[ANSWER] == '' and head[EVENT] or ''
return { 'held', string.format('%.0f', session[DEADLINE]), stopped }
