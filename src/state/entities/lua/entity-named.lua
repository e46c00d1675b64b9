--[[
  The document that has a name.

  KEYS[1]   head of all keys of the store, as in entity-commit.lua
  KEYS[2]   stands for all these in a Cluster: head-keys.ts
  ARGV[1]   kind
  ARGV[2]   name

  Returns   { id, record } or nothing
]]
local id = redis.call('HGET', KEYS[1] .. ':name:' .. ARGV[1], ARGV[2])
if not id then
  return false
end
local record = redis.call('HGET', KEYS[1] .. ':doc:' .. ARGV[1], id)
return record and { id, record }
