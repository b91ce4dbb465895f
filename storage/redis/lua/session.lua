-- A session's record. An array is small; storage/redis/records.py reads it in this order.

local VERSION, ID, NAME, FOLDED, TITLE, AUDIENCE, STARTER, CREATED_AT, ACTIVE_AT = 1, 2, 3, 4, 5, 6, 7, 8, 9
local ARCHIVED, DELETED, THREADS, MODEL, SYSTEM = 10, 11, 12, 13, 14
local MESSAGES, USER_MESSAGES, AGENT_MESSAGES, TOKENS, CONTEXT, SIZE, ESTIMATED = 15, 16, 17, 18, 19, 20, 21
local HOLDER, TOKEN, FENCE, DEADLINE, VOID, DUE_AS = 22, 23, 24, 25, 26, 27

local SESSIONS = KEYS[1]

local function load_session(id)
  local record = redis.call('HGET', SESSIONS, id)
  return record and cmsgpack.unpack(record) or nil
end

local function load_living(id)
  local session = load_session(id)
  return session and not session[DELETED] and session or nil
end

-- Returns the record as it is stored.
local function save_session(session)
  local record = cmsgpack.pack(session)
  redis.call('HSET', SESSIONS, session[ID], record)
  return record
end
