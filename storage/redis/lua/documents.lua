-- A page of documents by source, with their records. See Knowledge.documents.

local DOCUMENTS, SOURCES = KEYS[1], KEYS[2]
local after = ARGV[1] == '' and '-' or '(' .. ARGV[1]
local sources = redis.call('ZRANGEBYLEX', SOURCES, after, '+', 'LIMIT', 0, ARGV[2])
return { sources, #sources > 0 and redis.call('HMGET', DOCUMENTS, unpack(sources)) or {} }
