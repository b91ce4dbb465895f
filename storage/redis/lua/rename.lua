-- Gives a workspace another key of its own; a key that another workspace gets leads here no more.

local key, taken_away = ARGV[1], ARGV[2]
redis.call('HSET', KEYS[1], 'key', key, '=' .. key, '')
if taken_away ~= '' then
  redis.call('HDEL', KEYS[1], '=' .. taken_away)
end
return 1
