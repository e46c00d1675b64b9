--[[
  Changes documents, all or none: the rules of entity-table.ts, word for word.

  KEYS[1]   head of all keys of the store; all are in its slot:
              HEAD:doc:KIND    hash, id -> record (see below)
              HEAD:name:KIND   hash, name -> id
              HEAD:list:KIND:L sorted set of ids by createdAtMs; L empty for all of the kind
              HEAD:version     number of commits so far
              HEAD:stamp       "version.nonce" of the last commit
              HEAD:news        list, newest first, of {stamp, kind, id, version} in JSON, bounded
  KEYS[2]   stands for all these in a Cluster: head-keys.ts
  ARGV[1]   nowMs, Unix milliseconds
  ARGV[2]   nonce of the stamp
  ARGV[3]   channel that is told
  ARGV[4]   how many changed documents are remembered
  ARGV[5..] eight words a change: op (put, remove, check), kind, id, expected version or '', createdAtMs or '',
            names and lists as JSON arrays, body; a removal has in place of its lists those that must be as long as they
            were seen, as JSON arrays of kind, list and length

  A record is one line of JSON with version, createdAtMs, updatedAtMs, names and lists, then a line feed, then the body.

  Returns   { 'committed', version } or { 'moved', at } or { 'name_taken', at, name, owner }; `at` counts from 0
]]
local HEAD, NOW, NONCE, CHANNEL, KEPT = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local WORDS = 8

local function docKey(kind)
  return HEAD .. ':doc:' .. kind
end
local function nameKey(kind)
  return HEAD .. ':name:' .. kind
end
local function listKey(kind, list)
  return HEAD .. ':list:' .. kind .. ':' .. list
end

local function metaOf(kind, id)
  local record = redis.call('HGET', docKey(kind), id)
  if not record then
    return nil
  end
  return cjson.decode(string.sub(record, 1, string.find(record, '\n', 1, true) - 1))
end

local changes = {}
for at = 5, #ARGV, WORDS do
  changes[#changes + 1] = {
    op = ARGV[at], kind = ARGV[at + 1], id = ARGV[at + 2], expected = ARGV[at + 3], createdAtMs = ARGV[at + 4],
    namesText = ARGV[at + 5], listsText = ARGV[at + 6], body = ARGV[at + 7],
  }
end

-- First look at everything, then change.
local claimed, onlyChecks = {}, true
for at, change in ipairs(changes) do
  change.old = metaOf(change.kind, change.id)
  local version = change.old and change.old.version or 0
  if change.expected ~= '' and tonumber(change.expected) ~= version then
    return { 'moved', at - 1 }
  end
  if change.op == 'remove' then
    for _, seen in ipairs(cjson.decode(change.listsText)) do
      if redis.call('ZCARD', listKey(seen[1], seen[2])) ~= tonumber(seen[3]) then
        return { 'moved', at - 1 }
      end
    end
  end
  onlyChecks = onlyChecks and change.op == 'check'
  if change.op == 'put' then
    change.names, change.lists = cjson.decode(change.namesText), cjson.decode(change.listsText)
    for _, name in ipairs(change.names) do
      local key = change.kind .. ' ' .. name
      local owner = redis.call('HGET', nameKey(change.kind), name) or claimed[key] or change.id
      if owner ~= change.id then
        return { 'name_taken', at - 1, name, owner }
      end
      claimed[key] = change.id
    end
  end
end
if onlyChecks then
  return { 'committed', tonumber(redis.call('GET', HEAD .. ':version') or '0') }
end

local version = redis.call('INCR', HEAD .. ':version')
local stamp = string.format('%.0f.%s', version, NONCE)
redis.call('SET', HEAD .. ':stamp', stamp)

local function forget(change)
  if not change.old then
    return
  end
  redis.call('HDEL', docKey(change.kind), change.id)
  for _, name in ipairs(change.old.names) do
    redis.call('HDEL', nameKey(change.kind), name)
  end
  redis.call('ZREM', listKey(change.kind, ''), change.id)
  for _, list in ipairs(change.old.lists) do
    redis.call('ZREM', listKey(change.kind, list), change.id)
  end
end

local function keep(change)
  local created = change.createdAtMs
  if created == '' then
    created = change.old and string.format('%.0f', change.old.createdAtMs) or NOW
  end
  local meta = string.format(
    '{"version":%.0f,"createdAtMs":%s,"updatedAtMs":%s,"names":%s,"lists":%s}\n',
    version, created, NOW, change.namesText, change.listsText
  )
  redis.call('HSET', docKey(change.kind), change.id, meta .. change.body)
  for _, name in ipairs(change.names) do
    redis.call('HSET', nameKey(change.kind), name, change.id)
  end
  redis.call('ZADD', listKey(change.kind, ''), created, change.id)
  for _, list in ipairs(change.lists) do
    redis.call('ZADD', listKey(change.kind, list), created, change.id)
  end
end

local told = {}
for _, change in ipairs(changes) do
  if change.op ~= 'check' then
    forget(change)
    if change.op == 'put' then
      keep(change)
    end
    told[#told + 1] = { change.kind, change.id, version }
    redis.call('LPUSH', HEAD .. ':news', cjson.encode({ stamp, change.kind, change.id, version }))
  end
end
redis.call('LTRIM', HEAD .. ':news', 0, KEPT - 1)
-- A user without the right to publish must not make a commit fail that has happened: replicas ask for themselves.
redis.pcall('PUBLISH', CHANNEL, cjson.encode(told))
return { 'committed', version }
