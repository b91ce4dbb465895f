--! time session binding creating inbox lease receipts
-- Erases a session. See Catalog.delete. The audience says which indexes the keys name.

local clock, workspace, id, channel, audience, unanswered, memory = unpack(cmsgpack.unpack(ARGV[1]))
local BINDINGS, RECENT, NAMES, ALPHABET, AUDIENCES, RECEIPT = unpack(KEYS, 5)
local now = store_time(clock)

local function void_and_wake(session, head)
  if session[HOLDER] ~= '' then
    session[VOID] = true
    wake(channel, 'stop', workspace, id, head and is_running(head) and head[EVENT] or '')
  end
  if head and is_free(session, now) then
    wake(channel, 'waiting', workspace, id)
  end
end

-- What was said goes with the session; where to say that it was not answered stays.
local function leave_unanswered()
  for place = 0, redis.call('LLEN', INBOX) - 1 do
    local turn = turn_at(place)
    if turn[ANSWER] == '' then
      turn[ANSWER], turn[TEXT] = unanswered, ''
      put_turn(place, turn)
    end
  end
end

local before = receipt(RECEIPT, 'delete', now, memory)
if before then
  return before
end
local session = load_living(id)
if not session or session[AUDIENCE] ~= audience then
  return false
end
local record, head = cmsgpack.pack(session), turn_at(0)
void_and_wake(session, head)
leave_unanswered()
unlist_session(session, NAMES, ALPHABET, RECENT, AUDIENCES)
-- One by one: Lua's stack bounds how many a call can be given.
for _, thread in ipairs(session[THREADS]) do
  redis.call('HDEL', BINDINGS, thread)
end
redis.call('DEL', TRANSCRIPT)
if head then
  session[DELETED], session[THREADS], session[MESSAGES] = true, {}, 0
  session[NAME], session[FOLDED], session[TITLE], session[MODEL], session[SYSTEM] = '', '', '', '', ''
  save_session(session)
else
  redis.call('HDEL', SESSIONS, id)
end
sign(RECEIPT, 'delete', now, memory, record)
return record
