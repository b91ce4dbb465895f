-- What a command's event came to, kept for two days under a key of its own.

-- Returns what was kept, unless it is past its time.
local function receipt(key, command, now, memory)
  local kept = redis.call('HGET', key, command)
  if kept then
    local found = cmsgpack.unpack(kept)
    if found[1] + memory > now then
      return found[2]
    end
  end
  return nil
end

local function sign(key, command, now, memory, outcome)
  redis.call('HSET', key, command, cmsgpack.pack({ now, outcome }))
  redis.call('PEXPIRE', key, math.ceil(memory / 1000))
end
