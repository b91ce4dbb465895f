--! time shelf
-- Lets a document be found whose stretch is filled, in the place of the one of its source. See Knowledge.put_document.
-- Returns what is to be cleared; false if the stretch is not there any more.

local clock, source, batches, record = unpack(cmsgpack.unpack(ARGV[1]))
local now, there = store_time(clock), document_of(source)
if there and there[TOKEN] == record[TOKEN] then
  return leftovers(now)
end
local stretch = filling(record[FIRST], now)
if not stretch or stretch[BATCHES] ~= batches then
  return false
end
withdraw(source)
record[WORDS], record[CHANGE] = stretch[FILLED_WORDS], redis.call('HINCRBY', COUNTERS, 'changes', 1)
redis.call('HDEL', STRETCHES, record[FIRST])
redis.call('HSET', DOCUMENTS, source, cmsgpack.pack(record))
redis.call('ZADD', SOURCES, 0, source)
redis.call('ZADD', NUMBERS, record[FIRST], source)
redis.call('HINCRBY', COUNTERS, 'passages', record[COUNT])
redis.call('HINCRBY', COUNTERS, 'words', record[WORDS])
return leftovers(now)
