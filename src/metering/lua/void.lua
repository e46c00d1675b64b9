--[[
  Takes a ticket back as if it had never been.

  ARGV     ticket
  Returns  1, or 0 when there is no such ticket
]]
if call('EXISTS', BASE .. 't:' .. ARGV[1]) == 0 then
  return 0
end
local drop = release(ARGV[1], false)
saveBooks()
drop()
return 1
