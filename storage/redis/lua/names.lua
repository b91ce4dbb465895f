-- Names whose folded form begins with a prefix. See Catalog.names. The keys are the audiences' alphabets.

local prefix, limit = ARGV[1], ARGV[2]
local found = {}
for _, alphabet in ipairs(KEYS) do
  for _, member in ipairs(redis.call('ZRANGEBYLEX', alphabet, '[' .. prefix, '(' .. prefix .. '\255', 'LIMIT', 0, limit)) do
    table.insert(found, member)
  end
end
return found
