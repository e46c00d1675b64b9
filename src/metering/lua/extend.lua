--[[
  Sets more aside for a ticket, what is left of what is asked for: extend in machine/meter-machine.ts.

  ARGV     ticket, nanos, tokens
  Returns  'extended NANOS TOKENS', 'full' or 'gone'
]]
local id = ARGV[1]
local amounts, entered = unpack(call('HMGET', BASE .. 't:' .. id, 'm', 'b'))
if not amounts then
  return 'gone'
end
local more = { nano_usd = tonumber(ARGV[2]), tokens = tonumber(ARGV[3]) }
local places, full = {}, false

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
  local place = { key = key, isCurrent = stored[2] and tonumber(stored[2]) == windowStart, counters = {} }
  for at = 3, #parts, 2 do
    local used, held, max = stored[at + 1], stored[at + 2], tonumber(parts[at + 1])
    local unit = string.match(parts[at], '^[^:]+')
    if used and (more[unit] or 0) > 0 then
      local room = max - tonumber(used) - tonumber(held or '0')
      if max >= 0 then
        full = full or room <= 0
        more[unit] = math.min(more[unit], math.max(1, room))
      end
      place.counters['h:' .. parts[at]] = unit
    end
  end
  places[#places + 1] = place
end)
if full then
  return 'full'
end

for _, place in ipairs(places) do
  call('HINCRBY', place.key, 'q', 1)
  if place.isCurrent then
    call('HINCRBY', place.key, 'wt', text(more.tokens))
  end
  for field, unit in pairs(place.counters) do
    call('HINCRBY', place.key, field, text(more[unit]))
  end
end
local held = numbers(amounts)
held[1], held[2] = held[1] + more.nano_usd, held[2] + more.tokens
for place, amount in ipairs(held) do
  held[place] = text(amount)
end
call('HSET', BASE .. 't:' .. id, 'm', table.concat(held, ' '))
return 'extended ' .. text(more.nano_usd) .. ' ' .. text(more.tokens)
