-- Writes something that vanishes soon: shows that the server takes writes. See Store.check.

redis.call('SET', KEYS[1], '', 'PX', 60000)
return 1
