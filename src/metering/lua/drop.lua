--[[
  Drops rows that are in the archive; their sums stay in books and daily figures.

  One that was corrected since it was read stays, to be archived as it is now. A provisional one leaves its lists only: its
  owner, should it come back, finds what its own row takes the place of, instead of being charged once more.

  ARGV     untilMs (rows admitted before it may be archived), how long a provisional row is kept for its owner (milliseconds),
           then for each row: id, what was read of a provisional one (empty: it is final), number of its lists, lists…
  Returns  how many left
]]
local before = tonumber(call('GET', BASE .. 'archived') or '0')
if tonumber(ARGV[1]) > before then
  call('SET', BASE .. 'archived', ARGV[1])
end
local at, count = 3, 0
while at <= #ARGV do
  local id, last = ARGV[at], at + 2 + tonumber(ARGV[at + 2])
  local key, read = BASE .. 'r:' .. id, ARGV[at + 1]
  if read == '' or call('GET', key) == read then
    count = count + (read == '' and call('UNLINK', key) or call('PEXPIRE', key, ARGV[2]))
    for list = at + 3, last do
      call('ZREM', BASE .. 'i:' .. ARGV[list], id)
    end
  end
  at = last + 1
end
return count
