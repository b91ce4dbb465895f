--! time
-- What a person last saw listed, unless it is past its time. See Catalog.listing.

local clock, memory = unpack(cmsgpack.unpack(ARGV[1]))
local kept = redis.call('GET', KEYS[1])
kept = kept and cmsgpack.unpack(kept)
return kept and kept[1] + memory > store_time(clock) and cmsgpack.pack(kept[2])
