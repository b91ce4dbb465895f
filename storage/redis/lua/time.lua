-- The store's time in microseconds since the epoch: the server's clock, or that of a test which gives its own.

local function store_time(given)
  if given > 0 then
    return given
  end
  local clock = redis.call('TIME')
  return clock[1] * 1000000 + clock[2]
end
