--! session
-- Takes a record that cannot be read out of a list, and keeps its bytes. See storage/redis/repair.py.
-- A transcript has no holes: what follows closes up, and its session has one message less.

local id, of_transcript, where, why, record = ARGV[1], ARGV[2] == '1', ARGV[3], ARGV[4], ARGV[5]
local LIST, QUARANTINE = KEYS[2], KEYS[3]
if redis.call('LREM', LIST, 1, record) == 0 then
  return 0
end
redis.call('RPUSH', QUARANTINE, where, why, record)
if of_transcript then
  local session = load_session(id)
  if session then
    session[MESSAGES] = session[MESSAGES] - 1
    save_session(session)
  end
end
return 1
