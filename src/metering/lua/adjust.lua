--[[
  Sets the spend of one open book by a row of its own: adjust in machine/meter-machine.ts.

  ARGV     book, seq, row id, row, startMs, change of the spend, number of lists, lists…, then (counter, change)…
  Returns  'adjusted', or 'moved' when the book changed since it was read
]]
local key, id = BASE .. 'b:' .. ARGV[1], ARGV[3]
local seq, spent = unpack(call('HMGET', key, 'q', 's'))
if seq ~= ARGV[2] or not spent or call('EXISTS', BASE .. 'r:' .. id) == 1 then
  return 'moved'
end
call('SET', BASE .. 'r:' .. id, 'F' .. ARGV[4])
call('RPUSH', BASE .. 'a:' .. ARGV[1], ARGV[4])
call('HINCRBY', key, 'q', 1)
call('HINCRBY', key, 's', ARGV[6])
local lists = tonumber(ARGV[7])
for at = 8, 7 + lists do
  call('ZADD', BASE .. 'i:' .. ARGV[at], ARGV[5], id)
end
for at = 8 + lists, #ARGV, 2 do
  if call('HEXISTS', key, 'u:' .. ARGV[at]) == 1 then
    call('HINCRBY', key, 'u:' .. ARGV[at], ARGV[at + 1])
  end
end
return 'adjusted'
