-- Leases are recorded deadlines. Who holds one is in the session's record; a set of the bucket says when
-- each session with an inbox can be taken.

local TRANSCRIPT, DUE = KEYS[3], KEYS[4]
local CLAIMANT, CLAIM_TOKEN, CLAIM_TIME, CLAIM_PLATFORMS, CLAIM_FORMER = 1, 2, 3, 4, 5

local function is_free(session, now)
  return session[HOLDER] == '' or session[DEADLINE] <= now
end

-- Nobody took the lease since. Its deadline does not matter here, nor that it may be void.
local function holds(session, holder, token, fence)
  return holder ~= '' and session[HOLDER] == holder and session[TOKEN] == token and session[FENCE] == fence
end

-- nil when the lease is held, else why it is not.
local function why_lost(session, holder, token, fence)
  if not session then
    return 'gone'
  end
  if holds(session, holder, token, fence) and not session[VOID] then
    return nil
  end
  return session[DELETED] and 'gone' or 'lost'
end

local function is_orphaned(turn, now)
  return turn[OWNER] ~= '' and turn[OWNER_UNTIL] <= now
end

local function is_for(turn, claim, now)
  if is_orphaned(turn, now) then
    return true
  end
  if turn[OWNER] ~= '' and turn[OWNER] ~= claim[CLAIMANT] then
    return false
  end
  for _, platform in ipairs(claim[CLAIM_PLATFORMS]) do
    if platform == turn[PLATFORM] then
      return true
    end
  end
  return false
end

-- Notes from when on the session can be taken. An owned turn is marked: it may be anybody's one day.
local function note_due(session, workspace, head)
  local due_as = ''
  if head then
    local mark = head[OWNER] ~= '' and '~' or ''
    local since = string.format('%.0f', head[ACCEPTED_AT])
    due_as = table.concat({ mark .. head[PLATFORM], since, workspace, session[ID] }, '\0')
  end
  if session[DUE_AS] ~= due_as and session[DUE_AS] ~= '' then
    redis.call('ZREM', DUE, session[DUE_AS])
  end
  session[DUE_AS] = due_as
  if head then
    redis.call('ZADD', DUE, session[HOLDER] ~= '' and session[DEADLINE] or head[ACCEPTED_AT], due_as)
  end
end

local function wake(channel, why, workspace, id, turn)
  redis.call('PUBLISH', channel, cmsgpack.pack({ why, workspace, id, turn or '' }))
end

-- What a holder needs: its head (as a record, or when it was accepted where the caller has it), the messages that the caller has
-- not (at most ``limit``), and from where.
local function work_on(session, record, known, limit, orphaned)
  local total = session[MESSAGES]
  local since = known <= total and known or 0
  if since < total - limit then
    since = total - limit
  end
  local news = since < total and redis.call('LRANGE', TRANSCRIPT, since, -1) or {}
  return { record, since, orphaned and 1 or 0, news }
end

-- Hands the head out under the lease that the session's record names. The session is not saved.
local function hand_out(session, workspace, head, claimant, known, limit, now)
  local orphaned = is_orphaned(head, now) and head[OWNER] ~= claimant
  if not head[HANDED] then
    head[HANDED] = true
    put_turn(0, head)
  end
  note_due(session, workspace, head)
  return work_on(session, cmsgpack.pack(head), known, limit, orphaned)
end

local function lease_to(session, claim, now)
  session[HOLDER], session[TOKEN] = claim[CLAIMANT], claim[CLAIM_TOKEN]
  session[FENCE], session[DEADLINE], session[VOID] = session[FENCE] + 1, now + claim[CLAIM_TIME], false
end

-- The lease was given to the claimant in a reply that never reached it: nobody acts under it.
local function is_unknown(session, claim)
  return claim[CLAIM_FORMER] ~= '' and session[TOKEN] == claim[CLAIM_FORMER] and session[HOLDER] == claim[CLAIMANT]
end

-- Takes the lease if it is free, has run out or is unknown, and the head is for the claimant; else nil.
local function take(session, workspace, claim, known, limit, now)
  local unknown = session and is_unknown(session, claim)
  local head = session and (unknown or is_free(session, now)) and turn_at(0)
  if not head or not is_for(head, claim, now) then
    return nil
  end
  if unknown then
    -- The number that nobody was told is given again.
    session[FENCE] = session[FENCE] - 1
  elseif session[HOLDER] ~= '' and is_running(head) then
    head[TAKEOVERS] = head[TAKEOVERS] + 1
    put_turn(0, head)
  end
  lease_to(session, claim, now)
  return hand_out(session, workspace, head, claim[CLAIMANT], known, limit, now)
end

-- Takes the lease if the claimant can; if it stays free, tells the others that something waits.
local function take_or_wake(session, workspace, channel, claim, known, limit, now)
  local work = claim and take(session, workspace, claim, known, limit, now) or nil
  if not work and is_free(session, now) then
    local head = turn_at(0)
    if head then
      note_due(session, workspace, head)
      wake(channel, 'waiting', workspace, session[ID])
    end
  end
  return work
end

local function free_lease(session, workspace, channel, head)
  session[HOLDER], session[TOKEN], session[DEADLINE], session[VOID] = '', '', 0, false
  note_due(session, workspace, head)
  if head then
    wake(channel, 'waiting', workspace, session[ID])
  end
end

-- Gives the holder the head under the same lease, or frees the lease and wakes the others.
local function go_on(session, workspace, channel, claim, known, limit, now)
  local head = turn_at(0)
  if head and is_for(head, claim, now) then
    session[DEADLINE] = now + claim[CLAIM_TIME]
    return hand_out(session, workspace, head, session[HOLDER], known, limit, now)
  end
  free_lease(session, workspace, channel, head)
  return nil
end
