--[[
  What all scripts of the books share; put before each of them. The rules are those of machine/*.ts, word for word.

  KEYS[1]   what every name begins with, hash tag included, so that Redis Cluster keeps the books together:
              b:BOOK        hash   q seq, s spent (absent: not open), r running, ws wr wt window, u:COUNTER used, h:COUNTER held
              t:TICKET      hash   o owner, d deadline, m amounts, b books, f deployment, x draft
              o:OWNER       zset   its live tickets by deadline
              r:TICKET      text   P (provisional) or F (final), then the row
              i:LIST        zset   rows by admission
              c:ENTITY:DAY  hash   daily figures by dims;  ct:ENTITY hash by day;  cd:KIND:DAY set of ids
              f             hash   live tickets by deployment;  bk set of books;  a:BOOK list of adjustments
              leases        zset   owners by the end of their lease

  A counter is unit:duration:start:end. Numbers are integers below 2^53 and travel as text.
]]
local BASE = KEYS[1]
local call = redis.call

-- Lua would write large numbers as 1.7e+12.
local function text(number)
  return string.format('%.0f', number)
end

-- Order of the five amounts wherever they travel.
local UNITS = { nano_usd = 1, tokens = 2, requests = 3, plan_5h = 4, plan_week = 5 }

local function numbers(words)
  local list = {}
  for word in string.gmatch(words, '%S+') do
    list[#list + 1] = tonumber(word)
  end
  return list
end

-- A ticket's books: lines of  key TAB windowStart TAB counter TAB max TAB counter TAB max …
local function eachBook(books, visit)
  for line in string.gmatch(books, '[^\n]+') do
    local parts = {}
    for part in string.gmatch(line, '[^\t]+') do
      parts[#parts + 1] = part
    end
    visit(BASE .. 'b:' .. parts[1], tonumber(parts[2]), parts)
  end
end

local function fly(deployment, by)
  if deployment ~= false and deployment ~= '' and call('HINCRBY', BASE .. 'f', deployment, by) <= 0 then
    call('HDEL', BASE .. 'f', deployment)
  end
end

-- Lowers a field that may have been lost meanwhile, never below zero.
local function lower(key, field, stored, by)
  if stored then
    call('HSET', key, field, text(math.max(0, tonumber(stored) - by)))
  end
end

-- Gives back what a ticket holds; tokens: of the settlement, false: nothing was used, so the place in the window too.
local function release(id, tokens)
  local ticketKey = BASE .. 't:' .. id
  local owner, amounts, books, deployment = unpack(call('HMGET', ticketKey, 'o', 'm', 'b', 'f'))
  if not owner then
    return
  end
  local held = numbers(amounts)
  eachBook(books, function(key, windowStart, parts)
    local fields = { 'q', 'r', 'ws', 'wr', 'wt' }
    for at = 3, #parts, 2 do
      fields[#fields + 1] = 'h:' .. parts[at]
    end
    local stored = call('HMGET', key, unpack(fields))
    if not stored[1] then
      return
    end
    call('HINCRBY', key, 'q', 1)
    lower(key, 'r', stored[2], 1)
    if stored[3] and tonumber(stored[3]) == windowStart then
      lower(key, 'wt', stored[5], held[2] - (tokens or 0))
      if not tokens then
        lower(key, 'wr', stored[4], 1)
      end
    end
    for at = 3, #parts, 2 do
      local unit = string.match(parts[at], '^[^:]+')
      lower(key, 'h:' .. parts[at], stored[4 + (at - 1) / 2 + 1], held[UNITS[unit]])
    end
  end)
  fly(deployment, -1)
  call('DEL', ticketKey)
  call('ZREM', BASE .. 'o:' .. owner, id)
end
