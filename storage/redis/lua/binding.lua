-- Bindings: a hash of threads to session ids; each session's record names its threads.

local function drop_thread(session, thread)
  for place, one in ipairs(session[THREADS]) do
    if one == thread then
      table.remove(session[THREADS], place)
      return
    end
  end
end

-- Takes the thread from the session that has it, unless that is the one in hand.
local function unbind_thread(bindings, thread, in_hand)
  local id = redis.call('HGET', bindings, thread)
  if not id then
    return
  end
  local former = in_hand and in_hand[ID] == id and in_hand or load_session(id)
  redis.call('HDEL', bindings, thread)
  if former then
    drop_thread(former, thread)
    if former ~= in_hand then
      save_session(former)
    end
  end
end

-- Binds the thread to the session in hand, whatever it was bound to. The session is not saved.
local function bind_thread(bindings, thread, session)
  unbind_thread(bindings, thread, session)
  redis.call('HSET', bindings, thread, session[ID])
  table.insert(session[THREADS], thread)
end
