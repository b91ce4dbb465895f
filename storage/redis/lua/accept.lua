--! time session binding creating inbox lease
-- Takes an Inbound in. See Turns.accept.
--
-- The caller names the session that it believes is bound to the thread (or the one to make, when ``made`` is
-- given); where that is not so, nothing is written and the answer says what was found.

local clock, workspace, id, channel, key, thread, audiences, audience, made, turn, patience, claim, known, limit, memory =
  unpack(cmsgpack.unpack(ARGV[1]))
local EVENT_KEY, META, BINDINGS, RECENT = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local now = store_time(clock)

local function place_of(event)
  local _, place = find_turn(event)
  return place
end

local function is_met(session)
  for _, one in ipairs(audiences) do
    if session[AUDIENCE] == one then
      return true
    end
  end
  return #audiences == 0
end

local function again(seen)
  if seen[1] ~= id then
    return { 'elsewhere', seen[1], '' }
  end
  local session = load_session(id)
  if not session then
    return { 'gone', string.format('%.0f', seen[2]) }
  end
  local work = take_or_wake(session, workspace, channel, claim, known, limit, now)
  return { 'again', save_session(session), place_of(turn[EVENT]), work or false }
end

local function make()
  local NAMES, ALPHABET, AUDIENCES = KEYS[9], KEYS[10], KEYS[11]
  local name, folded
  for _, candidate in ipairs(made[1]) do
    name, folded = candidate[1], candidate[2]
    if redis.call('HEXISTS', NAMES, folded) == 0 then
      break
    end
  end
  local session = new_session(id, name, folded, made[2], audience, made[3], made[4], made[5], now)
  bind_thread(BINDINGS, thread, session)
  list_session(session, NAMES, ALPHABET, RECENT, AUDIENCES)
  return session
end

-- Returns the session, or nil and what to answer, and whether it was made.
local function bound_session()
  local bound = redis.call('HGET', BINDINGS, thread)
  local session = bound and load_living(bound)
  if session and not is_met(session) then
    session = nil
  end
  if session and (bound ~= id or session[AUDIENCE] ~= audience) then
    return nil, { 'elsewhere', bound, session[AUDIENCE] }
  end
  if not session and not made then
    return nil, { 'unbound' }
  end
  return session or make(), nil, not session
end

if redis.call('HEXISTS', META, '=' .. key) == 0 then
  return { 'moved' }
end
local seen = redis.call('GET', EVENT_KEY)
if seen then
  seen = cmsgpack.unpack(seen)
  -- A turn that still waits is known for as long as it does.
  if seen[2] + memory > now or seen[1] == id and find_turn(turn[EVENT]) then
    return again(seen)
  end
end
local session, elsewhere, is_new = bound_session()
if elsewhere then
  return elsewhere
end
turn[OWNER_UNTIL], turn[ACCEPTED_AT] = now + patience, now
-- Nearly always the inbox is empty and the lease free: the new turn is the head and handed out.
turn[HANDED] = claim and is_free(session, now) and is_for(turn, claim, now) and redis.call('EXISTS', INBOX) == 0
local place, work = enqueue(turn), nil
redis.call('SET', EVENT_KEY, cmsgpack.pack({ id, now, false, '' }), 'PX', math.ceil(memory / 1000))
if turn[HANDED] then
  lease_to(session, claim, now)
  note_due(session, workspace, turn)
  work = work_on(session, now, known, limit, false)
else
  work = take_or_wake(session, workspace, channel, claim, known, limit, now)
end
session[ARCHIVED] = 0
session[ACTIVE_AT] = math.max(session[ACTIVE_AT], now)
redis.call('ZADD', RECENT, -session[ACTIVE_AT], id)
return { is_new and 'started' or 'fresh', save_session(session), place, work or false }
