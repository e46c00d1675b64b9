--[[
  What is told of live tickets; tickets that are gone are left out.

  ARGV     word, then pairs of ticket and value:  'assign' deployment,  'draft' text of the row it would be now
  Returns  how many were there
]]
local count = 0
for at = 2, #ARGV, 2 do
  local key, value = BASE .. 't:' .. ARGV[at], ARGV[at + 1]
  local before = call('HGET', key, 'f')
  if before then
    count = count + 1
    if ARGV[1] == 'draft' then
      call('HSET', key, 'x', value)
    elseif before ~= value then
      call('HSET', key, 'f', value)
      fly(before, -1)
      fly(value, 1)
    end
  end
end
return count
