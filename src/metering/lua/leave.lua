--[[
  Strikes a process out whose lease is over and whose tickets are all closed.

  ARGV     nowMs, owner
  Returns  1 when it was struck out
]]
local lease = call('ZSCORE', BASE .. 'leases', ARGV[2])
if lease and tonumber(lease) <= tonumber(ARGV[1]) and call('ZCARD', BASE .. 'o:' .. ARGV[2]) == 0 then
  return call('ZREM', BASE .. 'leases', ARGV[2])
end
return 0
