--! session inbox lease
-- Takes a record that cannot be read out of a list, and keeps its bytes. See storage/redis/repair.py.
-- A transcript has no holes: what follows closes up, and its session has one message less.

local workspace, id, of_transcript, where, why, record = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4], ARGV[5], ARGV[6]
local QUARANTINE = KEYS[5]

-- Another turn may be the head now, or none. A lease that is held stays due when it ends.
local function note_other_head(session)
  local head = turn_at(0)
  if head or session[HOLDER] == '' then
    note_due(session, workspace, head)
  end
end

local function take_out()
  if of_transcript then
    return redis.call('LREM', TRANSCRIPT, 1, record)
  end
  return redis.call('LREM', INBOX, 1, record)
end

if take_out() == 0 then
  return 0
end
redis.call('RPUSH', QUARANTINE, where, why, record)
local session = load_session(id)
if not session then
  return 1
end
if of_transcript then
  session[MESSAGES] = session[MESSAGES] - 1
  save_session(session)
elseif pcall(note_other_head, session) then
  -- Else the new head is damaged, too, and put aside next.
  save_session(session)
end
return 1
