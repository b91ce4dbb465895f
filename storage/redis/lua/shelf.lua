-- Documents of a workspace, and the stretches of numbers that are no document's: as arrays, by what stands where.

local STRETCHES, COUNTERS, DOCUMENTS, SOURCES, NUMBERS = unpack(KEYS)
local TOKEN, FIRST, COUNT, WORDS, CHANGE, HAS_VECTORS = 2, 3, 4, 5, 6, 7
local FILLED_BY, BATCHES, FILLED_WORDS, DUE, DROPPED_SOURCE, DROPPED = 1, 2, 3, 4, 5, 6
local MOST_LEFTOVERS = 16

-- What was packed there; nil for nothing and for what cannot be read.
local function unpacked(bytes)
  local fine, value = pcall(cmsgpack.unpack, bytes or '')
  return fine and type(value) == 'table' and value or nil
end

local function document_of(source)
  return unpacked(redis.call('HGET', DOCUMENTS, source))
end

-- A stretch that is being filled, unless its time has run out: then it may be cleared already.
local function filling(first, now)
  local stretch = unpacked(redis.call('HGET', STRETCHES, first))
  return stretch and stretch[DUE] > now and stretch or nil
end

local function save_stretch(first, stretch)
  redis.call('HSET', STRETCHES, first, cmsgpack.pack(stretch))
end

-- Takes a document out of every search; what it filled waits to be cleared. Also one that cannot be read. The record
-- of one that was dropped is kept as long as that.
local function withdraw(source, dropped)
  local first = redis.call('ZSCORE', NUMBERS, source)
  if first then
    save_stretch(first, { '', 0, 0, 0, dropped and source or nil, dropped })
  end
  local document = document_of(source)
  if document and document[WORDS] then
    redis.call('HINCRBY', COUNTERS, 'passages', 0 - document[COUNT])
    redis.call('HINCRBY', COUNTERS, 'words', 0 - document[WORDS])
  end
  redis.call('HDEL', DOCUMENTS, source)
  redis.call('ZREM', SOURCES, source)
  redis.call('ZREM', NUMBERS, source)
end

-- The first numbers of some stretches to be cleared. Nobody fills them from here on.
local function leftovers(now)
  local found, all = {}, redis.call('HGETALL', STRETCHES)
  for place = 1, #all, 2 do
    local stretch = unpacked(all[place + 1]) or { '', 0, 0, 0 }
    if stretch[DUE] <= now and #found < MOST_LEFTOVERS then
      stretch[DUE] = 0
      save_stretch(all[place], stretch)
      table.insert(found, all[place])
    end
  end
  return found
end
