--! session binding
-- Moves the bindings of a chat's threads to the chat's new id. They stand above what was bound there meanwhile.

local old, new = ARGV[1], ARGV[2]
local BINDINGS = KEYS[2]
local all = redis.call('HGETALL', BINDINGS)
for place = 1, #all, 2 do
  local thread = all[place]
  if string.sub(thread, 1, #old) == old then
    local session = load_session(all[place + 1])
    local there = new .. string.sub(thread, #old + 1)
    unbind_thread(BINDINGS, thread, session)
    bind_thread(BINDINGS, there, session)
    save_session(session)
  end
end
return 1
