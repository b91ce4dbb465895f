-- The store's time in microseconds since the epoch: the server's clock and an offset that only tests set.

local function store_time(offset)
  local clock = redis.call('TIME')
  return clock[1] * 1000000 + clock[2] + offset
end
