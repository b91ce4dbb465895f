--! session inbox lease
-- Notes where the head's answer stands. See Turns.note_reply.

local id, holder, token, fence, event, reply = unpack(cmsgpack.unpack(ARGV[1]))
local lost = why_lost(load_session(id), holder, token, fence)
if lost then
  return lost
end
local turn, place = find_turn(event)
if turn and turn[REPLY] ~= reply then
  turn[REPLY] = reply
  put_turn(place, turn)
end
return 'held'
