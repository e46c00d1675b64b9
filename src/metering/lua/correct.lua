--[[
  Puts the true row in the place of a provisional one: correct in machine/meter-machine.ts.

  ARGV     ticket, provisional row as it was read, true row, posting of the one…, posting of the other…
  Returns  'corrected', or 'moved' when the row is not the one that was read
]]
local id, row = ARGV[1], ARGV[3]
if call('GET', BASE .. 'r:' .. id) ~= 'P' .. ARGV[2] then
  return 'moved'
end
local old, new = readPosting(4), readPosting(4 + POSTING)
call('SET', BASE .. 'r:' .. id, 'F' .. row)
charge(old, -1)
charge(new, 1)
saveBooks()
for _, name in ipairs(old.lists) do
  call('ZREM', BASE .. 'i:' .. name, id)
end
list(id, new)
return 'corrected'
