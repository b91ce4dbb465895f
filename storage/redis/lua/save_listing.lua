--! time
-- Keeps what a person saw listed. See Catalog.save_listing.

local clock, ids, memory = unpack(cmsgpack.unpack(ARGV[1]))
redis.call('SET', KEYS[1], cmsgpack.pack({ store_time(clock), ids }), 'PX', math.ceil(memory / 1000))
return 1
