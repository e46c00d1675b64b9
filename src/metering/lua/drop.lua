--[[
  Drops rows that are in the archive; their sums stay in books and daily figures.

  ARGV     untilMs (rows admitted before it may be archived), then for each row: id, number of its lists, lists…
  Returns  how many were dropped
]]
local before = tonumber(call('GET', BASE .. 'archived') or '0')
if tonumber(ARGV[1]) > before then
  call('SET', BASE .. 'archived', ARGV[1])
end
local at, count = 2, 0
while at <= #ARGV do
  local id = ARGV[at]
  count = count + call('UNLINK', BASE .. 'r:' .. id)
  for list = at + 2, at + 1 + tonumber(ARGV[at + 1]) do
    call('ZREM', BASE .. 'i:' .. ARGV[list], id)
  end
  at = at + 2 + tonumber(ARGV[at + 1])
end
return count
