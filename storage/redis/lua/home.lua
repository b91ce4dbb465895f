-- Which workspace holds a thread's binding. Sets it unless another one is there; returns the one that is. A mark
-- says which call set it last, so that nobody takes away what was set anew.

local thread, workspace, instead_of, mark = unpack(ARGV)
local there = redis.call('HGET', KEYS[1], thread)
local owner = there and string.match(there, '^[^ ]*')
if not owner or owner == instead_of then
  redis.call('HSET', KEYS[1], thread, workspace .. ' ' .. mark)
  return workspace
end
return owner
