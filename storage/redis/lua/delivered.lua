--! time session inbox lease
-- Takes the committed turn from the inbox and goes on. See Turns.delivered.

local clock, workspace, id, channel, holder, token, fence, event, claim, known, limit = unpack(cmsgpack.unpack(ARGV[1]))
local EVENT_KEY = KEYS[5]
local now = store_time(clock)

local seen = redis.call('GET', EVENT_KEY)
seen = seen and cmsgpack.unpack(seen) or nil
local session = load_session(id)

local function done(work)
  if not session then
    return { 'done' }
  end
  if session[DELETED] and redis.call('EXISTS', INBOX) == 0 then
    redis.call('HDEL', SESSIONS, id)
    return { 'done' }
  end
  local record = save_session(session)
  return work and { 'work', record, work } or { 'done' }
end

if seen and seen[1] == id and seen[4] == token and not (session and holds(session, holder, token, fence)) then
  return done(take(session, workspace, claim, known, limit, now))
end
local lost = why_lost(session, holder, token, fence)
if lost then
  return { lost }
end
local turn, place = find_turn(event)
if turn then
  if turn[ANSWER] == '' then
    return { 'lost' }
  end
  drop_turn(place)
  if seen then
    seen[4] = token
    redis.call('SET', EVENT_KEY, cmsgpack.pack(seen), 'KEEPTTL')
  end
end
return done(go_on(session, workspace, channel, claim, known, limit, now))
