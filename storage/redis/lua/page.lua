--! session
-- A page of sessions by last activity. See Catalog.page. After SESSIONS and the audiences come the indexes.

local wanted, all, score, last, skip, limit = unpack(cmsgpack.unpack(ARGV[1]))
local AUDIENCES, FIRST = KEYS[2], 3
local needed = skip + limit + 1

local function same_audiences(there)
  local known = {}
  for _, audience in ipairs(wanted) do
    known[audience] = true
  end
  for _, audience in ipairs(there) do
    if not known[audience] then
      return false
    end
  end
  return true
end

-- Entries behind the cursor: by their rank where the cursor's session still stands there, else by their score.
local function entries(index)
  if score == 0 then
    return redis.call('ZRANGE', index, 0, needed - 1, 'WITHSCORES')
  end
  local at = redis.call('ZSCORE', index, last)
  if at and tonumber(at) == score then
    local rank = redis.call('ZRANK', index, last)
    return redis.call('ZRANGE', index, rank + 1, rank + needed, 'WITHSCORES')
  end
  local found, start = {}, 0
  repeat
    local batch = redis.call('ZRANGEBYSCORE', index, string.format('%.0f', score), '+inf', 'WITHSCORES', 'LIMIT', start, needed)
    for place = 1, #batch, 2 do
      if tonumber(batch[place + 1]) > score or batch[place] > last then
        table.insert(found, batch[place])
        table.insert(found, batch[place + 1])
      end
    end
    start = start + needed
  until #found >= 2 * needed or #batch < 2 * needed
  return found
end

if all then
  local there = redis.call('HKEYS', AUDIENCES)
  if not same_audiences(there) then
    return { 'audiences', there }
  end
end
local total, ranked = 0, {}
for place = FIRST, #KEYS do
  total = total + redis.call('ZCARD', KEYS[place])
  local found = entries(KEYS[place])
  for at = 1, #found, 2 do
    table.insert(ranked, { tonumber(found[at + 1]), found[at] })
  end
end
if #KEYS > FIRST then
  table.sort(ranked, function(one, other)
    return one[1] < other[1] or one[1] == other[1] and one[2] < other[2]
  end)
end
local ids = {}
for place = skip + 1, math.min(#ranked, needed) do
  table.insert(ids, ranked[place][2])
end
return { 'page', total, ids, #ids > 0 and redis.call('HMGET', SESSIONS, unpack(ids)) or {} }
