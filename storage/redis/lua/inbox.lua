-- A session's inbox: a list of turns, head first, each an array that storage/redis/records.py reads too.

local EVENT, THREAD, NUMBER, PLATFORM, OWNER, OWNER_UNTIL, ACCEPTED_AT = 1, 2, 3, 4, 5, 6, 7
local HANDED, TAKEOVERS, STOP, REPLY, ANSWER, SENT_AT, TEXT, INBOUND = 8, 9, 10, 11, 12, 13, 14, 15

local INBOX = KEYS[2]

local function turn_at(place)
  local row = redis.call('LINDEX', INBOX, place)
  return row and cmsgpack.unpack(row) or nil
end

local function put_turn(place, turn)
  redis.call('LSET', INBOX, place, cmsgpack.pack(turn))
end

-- The turn of that event and its place, counted from 0.
local function find_turn(event)
  local place = 0
  while true do
    local turn = turn_at(place)
    if not turn then
      return nil, 0
    end
    if turn[EVENT] == event then
      return turn, place
    end
    place = place + 1
  end
end

local function is_running(turn)
  return turn[HANDED] and turn[ANSWER] == ''
end

-- Puts a new turn at the end, or before the waiting ones of its thread that were said after it: each of
-- those moves to the next place of that thread, so that other threads keep theirs. Returns its place.
-- All is read before anything is written: a turn that cannot be read ends the script there.
local function enqueue(turn)
  local free = redis.call('LLEN', INBOX)
  local later = {}
  for place = free - 1, 0, -1 do
    local other = turn_at(place)
    if other[THREAD] == turn[THREAD] then
      if other[HANDED] or other[NUMBER] <= turn[NUMBER] then
        break
      end
      table.insert(later, { place, other })
    end
  end
  redis.call('RPUSH', INBOX, cmsgpack.pack(turn))
  for _, one in ipairs(later) do
    put_turn(free, one[2])
    put_turn(one[1], turn)
    free = one[1]
  end
  return free
end

local function drop_turn(place)
  if place == 0 then
    redis.call('LPOP', INBOX)
  else
    redis.call('LSET', INBOX, place, '')
    redis.call('LREM', INBOX, 1, '')
  end
end
