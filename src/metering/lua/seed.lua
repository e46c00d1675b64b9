--[[
  Fills the gaps of a book with sums of the ledger, or sets them right; only while nothing was entered since they were
  read: seed in machine/meter-machine.ts.

  ARGV     nowMs, book, seq, 1 repair or 0, spent and running (empty: only counters), then (counter, used, held)…
  Returns  'seeded' or 'moved'
]]
local now, key, repair = tonumber(ARGV[1]), BASE .. 'b:' .. ARGV[2], ARGV[4] == '1'
if call('HGET', key, 'q') ~= ARGV[3] then
  return 'moved'
end
if ARGV[5] ~= '' and (repair or call('HEXISTS', key, 's') == 0) then
  call('HSET', key, 's', ARGV[5], 'r', ARGV[6], 'o', ARGV[1])
end
-- Counters of periods that are over and that nobody holds anything in.
local flat = call('HGETALL', key)
for at = 1, #flat, 2 do
  local name, last = string.match(flat[at], '^u:(.+:(%d+))$')
  if name and last ~= '0' and tonumber(last) <= now and tonumber(call('HGET', key, 'h:' .. name) or '0') == 0 then
    call('HDEL', key, 'u:' .. name, 'h:' .. name)
  end
end
for at = 7, #ARGV, 3 do
  if repair or call('HEXISTS', key, 'u:' .. ARGV[at]) == 0 then
    call('HSET', key, 'u:' .. ARGV[at], ARGV[at + 1], 'h:' .. ARGV[at], ARGV[at + 2])
  end
end
return 'seeded'
