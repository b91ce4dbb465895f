--! time session inbox lease receipts
-- Asks the running turn to end. See Turns.stop.

local clock, workspace, id, channel, wanted, said_at, memory = unpack(cmsgpack.unpack(ARGV[1]))
local RECEIPT = KEYS[5]
local now = store_time(clock)

local before = receipt(RECEIPT, 'stop', now, memory)
if before then
  return before
end
local session, head, running = load_session(id), turn_at(0), ''
local is_meant = head and (wanted == '' or wanted == head[EVENT]) and (said_at == 0 or head[SENT_AT] <= said_at)
if session and is_meant and is_running(head) then
  running = head[EVENT]
  head[STOP] = true
  put_turn(0, head)
  wake(channel, 'stop', workspace, id, running)
end
sign(RECEIPT, 'stop', now, memory, running)
return running
