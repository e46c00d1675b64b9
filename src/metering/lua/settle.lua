--[[
  Closes a ticket with a row, once: settle in machine/meter-machine.ts.

  ARGV     ticket, row, 1 provisional or 0, posting…
  Returns  { 'settled' }, { 'repeated' }, { 'gone' } or { 'replaceable', row }
]]
local id, row, provisional = ARGV[1], ARGV[2], ARGV[3] == '1'
local known = call('GET', BASE .. 'r:' .. id)
if known then
  if string.sub(known, 1, 1) == 'P' and not provisional then
    return { 'replaceable', string.sub(known, 2) }
  end
  return { 'repeated' }
end
if provisional and call('EXISTS', BASE .. 't:' .. id) == 0 then
  return { 'gone' }
end
local posting = readPosting(4)
call('SET', BASE .. 'r:' .. id, (provisional and 'P' or 'F') .. row)
local drop = release(id, posting.amounts.tokens)
charge(posting, 1)
saveBooks()
list(id, posting)
drop()
return { 'settled' }
