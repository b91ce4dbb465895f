--! session creating
-- Makes a session with its transcript as they were elsewhere. See Bringing.bring. The messages follow the first argument.

local id, names, folds, title, audience, starter, model, system, created_at, active_at, archived, tally = unpack(cmsgpack.unpack(ARGV[1]))
local META, RECENT, NAMES, ALPHABET, AUDIENCES, TRANSCRIPT = unpack(KEYS, 2)

local there = load_session(id)
if there then
  return { 'there', cmsgpack.pack(there) }
end
if redis.call('EXISTS', META) == 0 then
  return { 'nowhere' }
end
local free
for place, folded in ipairs(folds) do
  if not free and redis.call('HEXISTS', NAMES, folded) == 0 then
    free = place
  end
end
if not free then
  return { 'taken' }
end
local session = new_session(id, names[free], folds[free], title, audience, starter, model, system, created_at)
session[ACTIVE_AT], session[ARCHIVED] = active_at, archived
session[USER_MESSAGES], session[AGENT_MESSAGES], session[TOKENS], session[CONTEXT], session[SIZE], session[ESTIMATED] = unpack(tally)
session[MESSAGES] = #ARGV - 1
for first = 2, #ARGV, 1000 do
  redis.call('RPUSH', TRANSCRIPT, unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
list_session(session, NAMES, ALPHABET, RECENT, AUDIENCES)
return { 'fresh', save_session(session) }
