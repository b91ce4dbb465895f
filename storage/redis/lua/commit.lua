--! time session inbox lease
-- Appends a turn's messages and keeps its answer. See Turns.commit. The messages follow the first argument.

local clock, id, holder, token, fence, event, answer, from_user, from_agent, tokens, size, estimated, memory =
  unpack(cmsgpack.unpack(ARGV[1]))
local EVENT_KEY, RECENT = KEYS[5], KEYS[6]
local now = store_time(clock)

local session = load_session(id)
local lost = (not session or session[DELETED]) and 'gone' or why_lost(session, holder, token, fence)
local head = not lost and turn_at(0)
if lost or not head or head[EVENT] ~= event or head[ANSWER] ~= '' then
  local seen = redis.call('GET', EVENT_KEY)
  seen = seen and cmsgpack.unpack(seen)
  if not seen or seen[1] ~= id or not seen[3] then
    return { lost or 'lost' }
  end
  return session and { 'again', cmsgpack.pack(session) } or { 'over', string.format('%.0f', seen[2]) }
end
for first = 2, #ARGV, 1000 do
  redis.call('RPUSH', TRANSCRIPT, unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
head[ANSWER] = answer
put_turn(0, head)
session[MESSAGES] = session[MESSAGES] + #ARGV - 1
session[USER_MESSAGES] = session[USER_MESSAGES] + from_user
session[AGENT_MESSAGES] = session[AGENT_MESSAGES] + from_agent
session[TOKENS] = session[TOKENS] + tokens
-- A turn that ended without a call leaves the newest call what it was.
session[CONTEXT] = tokens > 0 and tokens or session[CONTEXT]
session[SIZE] = session[SIZE] + size
session[ESTIMATED] = session[ESTIMATED] or estimated
session[ACTIVE_AT] = math.max(session[ACTIVE_AT], now)
redis.call('ZADD', RECENT, -session[ACTIVE_AT], id)
redis.call('SET', EVENT_KEY, cmsgpack.pack({ id, head[ACCEPTED_AT], true, '' }), 'PX', math.ceil(memory / 1000))
return { 'fresh', save_session(session) }
