-- New and erased sessions, and the indexes that know them by name, by activity and by audience.

local function new_session(id, name, folded, title, audience, starter, model, system, now)
  return {
    1, id, name, folded, title, audience, starter, now, now,
    0, false, {}, model, system,
    0, 0, 0, 0, 0, 0, false,
    '', '', 0, 0, false, '',
  }
end

-- The order of the alphabetical index is that of the folded name; the name as typed follows it.
local function by_name(session)
  return session[FOLDED] .. '\0' .. session[NAME]
end

local function list_session(session, names, alphabet, recent, audiences)
  redis.call('HSET', names, session[FOLDED], session[ID])
  redis.call('ZADD', alphabet, 0, by_name(session))
  redis.call('ZADD', recent, -session[ACTIVE_AT], session[ID])
  redis.call('HINCRBY', audiences, session[AUDIENCE], 1)
end

local function unlist_session(session, names, alphabet, recent, audiences)
  redis.call('HDEL', names, session[FOLDED])
  redis.call('ZREM', alphabet, by_name(session))
  redis.call('ZREM', recent, session[ID])
  if redis.call('HINCRBY', audiences, session[AUDIENCE], -1) <= 0 then
    redis.call('HDEL', audiences, session[AUDIENCE])
  end
end

-- Takes all of a session but its inbox and its record.
local function erase_session(session, bindings, names, alphabet, recent, audiences, transcript)
  unlist_session(session, names, alphabet, recent, audiences)
  -- One by one: Lua's stack bounds how many a call can be given.
  for _, thread in ipairs(session[THREADS]) do
    redis.call('HDEL', bindings, thread)
  end
  redis.call('DEL', transcript)
end
