--[[
  Takes a notice off the board, if it still is the one that was read.

  KEYS[1]   hash of all notices
  ARGV[1]   field
  ARGV[2]   the notice as it was read

  Returns   1 when it was taken off, else 0
]]
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
return redis.call('HDEL', KEYS[1], ARGV[1])
