--[[
  Sets one stored daily figure right: mend in machine/meter-machine.ts.

  ARGV     'cell' or 'total', entity (kind:id), day, dims, expected metrics, new metrics (empty: none)
  Returns  'mended', or 'moved' when it is not what was expected
]]
local isCell = ARGV[1] == 'cell'
local key = isCell and BASE .. 'c:' .. ARGV[2] .. ':' .. ARGV[3] or BASE .. 'ct:' .. ARGV[2]
local field = isCell and ARGV[4] or ARGV[3]
if (call('HGET', key, field) or '') ~= ARGV[5] then
  return 'moved'
end
local days = BASE .. 'cd:' .. string.match(ARGV[2], '^[^:]+') .. ':' .. ARGV[3]
local entity = string.match(ARGV[2], '^[^:]+:(.*)$')
if ARGV[6] ~= '' then
  call('HSET', key, field, ARGV[6])
  if isCell then
    call('SADD', days, entity)
  end
else
  call('HDEL', key, field)
  if isCell and call('EXISTS', key) == 0 then
    call('SREM', days, entity)
  end
end
return 'mended'
