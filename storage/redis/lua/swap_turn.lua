--! inbox
-- Replaces a turn's place, if the turn is still as the caller saw it.

local before, thread, inbound = ARGV[1], ARGV[2], ARGV[3]
for place = 0, redis.call('LLEN', INBOX) - 1 do
  if redis.call('LINDEX', INBOX, place) == before then
    local turn = cmsgpack.unpack(before)
    turn[THREAD], turn[INBOUND] = thread, inbound
    put_turn(place, turn)
    return 1
  end
end
return 0
