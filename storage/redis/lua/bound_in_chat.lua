-- The bound threads whose names begin with a chat's.

local found = {}
for _, thread in ipairs(redis.call('HKEYS', KEYS[2])) do
  if string.sub(thread, 1, #ARGV[1]) == ARGV[1] then
    table.insert(found, thread)
  end
end
return found
