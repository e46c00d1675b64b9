--[[
  Sets more aside for a ticket; a budget may refuse, a rate window only counts: extend in machine/meter-machine.ts.

  ARGV     ticket, nanos, tokens
  Returns  'extended', 'full' or 'gone'
]]
local id, nanos, tokens = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local amounts, entered = unpack(call('HMGET', BASE .. 't:' .. id, 'm', 'b'))
if not amounts then
  return 'gone'
end
local more = { nano_usd = nanos, tokens = tokens }
local changes, full = {}, false

eachBook(entered, function(key, windowStart, parts)
  local fields = { 'q', 'ws', 'wt' }
  for at = 3, #parts, 2 do
    fields[#fields + 1] = 'u:' .. parts[at]
    fields[#fields + 1] = 'h:' .. parts[at]
  end
  local stored = call('HMGET', key, unpack(fields))
  if not stored[1] then
    return
  end
  local change = { key = key, fields = {} }
  if stored[2] and tonumber(stored[2]) == windowStart then
    change.fields['wt'] = tonumber(stored[3] or '0') + tokens
  end
  for at = 3, #parts, 2 do
    local used, held, max = stored[at + 1], stored[at + 2], tonumber(parts[at + 1])
    local by = more[string.match(parts[at], '^[^:]+')] or 0
    if used and by > 0 then
      full = full or (max >= 0 and tonumber(used) + tonumber(held or '0') + by > max)
      change.fields['h:' .. parts[at]] = tonumber(held or '0') + by
    end
  end
  changes[#changes + 1] = change
end)
if full then
  return 'full'
end

for _, change in ipairs(changes) do
  call('HINCRBY', change.key, 'q', 1)
  for field, value in pairs(change.fields) do
    call('HSET', change.key, field, text(value))
  end
end
local held = numbers(amounts)
held[1], held[2] = held[1] + nanos, held[2] + tokens
for place, amount in ipairs(held) do
  held[place] = text(amount)
end
call('HSET', BASE .. 't:' .. id, 'm', table.concat(held, ' '))
return 'extended'
