--! time session inbox
-- Says that the owner of a waiting Inbound lives. See Turns.keep_waiting.

local clock, id, event, duration = unpack(cmsgpack.unpack(ARGV[1]))
local turn, place = find_turn(event)
if not turn or not load_session(id) then
  return 0
end
turn[OWNER_UNTIL] = store_time(clock) + duration
put_turn(place, turn)
return 1
