--[[
  What changed since a stamp.

  KEYS[1]   head of all keys of the store, as in entity-commit.lua
  KEYS[2]   stands for all these in a Cluster: head-keys.ts
  ARGV[1]   stamp, or '' to ask for the present one only; '0' is the stamp before the first commit
  ARGV[2]   how many changed documents are remembered

  Returns   { stamp }                      nobody knows what changed
            { stamp, 'known', news… }      the entries of HEAD:news after the stamp, newest first; none when nothing changed
]]
local stamp = redis.call('GET', KEYS[1] .. ':stamp') or '0'
if ARGV[1] == stamp then
  return { stamp, 'known' }
end
if ARGV[1] == '' then
  return { stamp }
end
local reply = { stamp, 'known' }
local head = cjson.encode({ ARGV[1] })
head = string.sub(head, 1, -2) .. ','
local STEP, from = 64, 0
while true do
  local entries = redis.call('LRANGE', KEYS[1] .. ':news', from, from + STEP - 1)
  for _, entry in ipairs(entries) do
    if string.sub(entry, 1, #head) == head then
      return reply
    end
    reply[#reply + 1] = entry
  end
  if #entries < STEP then
    local whole = ARGV[1] == '0' and #reply - 2 < tonumber(ARGV[2])
    return whole and reply or { stamp }
  end
  from = from + STEP
end
