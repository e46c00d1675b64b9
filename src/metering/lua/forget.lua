--[[
  Closes a book, so that the next admission has its sums worked out anew; its window goes on.

  ARGV     book
  Returns  1, or 0 when there is no such book
]]
local key = BASE .. 'b:' .. ARGV[1]
if call('EXISTS', key) == 0 then
  return 0
end
call('HINCRBY', key, 'q', 1)
call('HDEL', key, 's', 'r', 'o')
for _, field in ipairs(call('HKEYS', key)) do
  if string.match(field, '^[uh]:') then
    call('HDEL', key, field)
  end
end
return 1
