--! time
-- Puts a row in its place on a shelf: revision, token, mark, record. See storage/shelf.py.

local clock, key, most, memory = unpack(cmsgpack.unpack(ARGV[1]))
local META, SHELF, MARKS, DROPPED = unpack(KEYS)
local revision, token, mark = unpack(cmsgpack.unpack(ARGV[2]))

if redis.call('EXISTS', META) == 0 then
  return 'nowhere'
end
local stands = redis.call('HGET', SHELF, key)
local before = 0
if stands then
  local readable, row = pcall(cmsgpack.unpack, stands)
  if not readable or type(row) ~= 'table' then
    return 'damaged'
  end
  if row[1] == revision and row[2] == token then
    return 'repeated'
  end
  before = row[1]
end
local dropped_at = redis.call('GET', DROPPED)
if before ~= revision - 1 or dropped_at and tonumber(dropped_at) + memory > store_time(clock) then
  return 'taken'
end
if mark ~= '' and redis.call('HEXISTS', MARKS, mark) == 1 then
  return 'taken'
end
if most > 0 and #redis.call('HKEYS', SHELF) >= most then
  return 'full'
end
redis.call('HSET', SHELF, key, ARGV[2])
if mark ~= '' then
  redis.call('HSET', MARKS, mark, key)
end
return 'done'
