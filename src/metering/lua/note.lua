--[[
  What is told of live tickets, and where conversations are bound to; tickets that are gone are left out.

  ARGV     word, number of pins, then name, value and life in milliseconds of each, then pairs of ticket and value:
           'assign' deployment,  'draft' text of the row it would be now
  Returns  how many tickets were there
]]
local count = 0
local firstTicket = 3 + 3 * tonumber(ARGV[2])
for at = 3, firstTicket - 1, 3 do
  call('SET', BASE .. 'p:' .. ARGV[at], ARGV[at + 1], 'PX', ARGV[at + 2])
end
for at = firstTicket, #ARGV, 2 do
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
