--! time session inbox lease
-- Takes the committed turn from the inbox and goes on. See Turns.delivered.

local clock, workspace, id, channel, holder, token, fence, event, claim, known, limit = unpack(cmsgpack.unpack(ARGV[1]))
local EVENT_KEY = KEYS[5]
local now = store_time(clock)

local session = load_session(id)

-- Nothing is left of the session that could tell a repeat of this call from another's: the event does.
local function note_end()
  local seen = redis.call('GET', EVENT_KEY)
  if seen then
    seen = cmsgpack.unpack(seen)
    seen[4] = token
    redis.call('SET', EVENT_KEY, cmsgpack.pack(seen), 'KEEPTTL')
  end
end

local function done(work)
  if not session then
    return { 'done' }
  end
  if session[DELETED] and redis.call('EXISTS', INBOX) == 0 then
    redis.call('HDEL', SESSIONS, id)
    note_end()
    return { 'done' }
  end
  local record = save_session(session)
  return work and { 'work', record, work } or { 'done' }
end

-- The lease was the last one, and went when this turn was delivered.
local function was_freed()
  local seen = redis.call('GET', EVENT_KEY)
  seen = seen and cmsgpack.unpack(seen)
  if not seen or seen[1] ~= id then
    return false
  end
  if not session then
    return seen[4] == token
  end
  return session[HOLDER] == '' and session[FENCE] == fence and not find_turn(event)
end

local lost = why_lost(session, holder, token, fence)
if lost then
  if was_freed() then
    return done(take(session, workspace, claim, known, limit, now))
  end
  return { lost }
end
local turn, place = find_turn(event)
if turn then
  if turn[ANSWER] == '' then
    return { 'lost' }
  end
  drop_turn(place)
end
return done(go_on(session, workspace, channel, claim, known, limit, now))
