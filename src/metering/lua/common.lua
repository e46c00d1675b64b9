--[[
  What all scripts of the books share; put before each of them. The rules are those of machine/*.ts, word for word.

  KEYS[1]   what every name begins with, hash tag included, so that Redis Cluster keeps the books together:
              b:BOOK        hash   q seq, s spent (absent: not open), o when it was opened, r running, ws wr wt window, u:COUNTER used, h:COUNTER held
              t:TICKET      hash   o owner, d deadline, m amounts, b books, f deployment, x draft
              o:OWNER       zset   its live tickets by deadline
              r:TICKET      text   P (provisional) or F (final), then the row
              i:LIST        zset   rows by admission
              c:ENTITY:DAY  hash   daily figures by dims;  ct:ENTITY hash by day;  cd:KIND:DAY set of ids
              p:PIN         text   where a conversation is bound to
              f             hash   live tickets by deployment;  bk set of books;  a:BOOK list of adjustments
              leases        zset   owners by the end of their lease
  KEYS[2]   stands for all these in a Cluster: head-keys.ts

  A counter is unit:duration:start:end. Numbers are integers below 2^53 and travel as text.
]]
local BASE = KEYS[1]
local call = redis.call

-- Lua itself would write large numbers as 1.7e+12.
local function text(number)
  return string.format('%d', number)
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

-- Books that this script looked into: what they held, and what is to be written when all is decided.
local books = {}

local function bookAt(key)
  local book = books[key]
  if book == nil then
    local flat = call('HGETALL', key)
    book = false
    if #flat > 0 then
      book = { fields = {}, changes = {} }
      for at = 1, #flat, 2 do
        book.fields[flat[at]] = flat[at + 1]
      end
    end
    books[key] = book
  end
  return book
end

local function put(book, field, number)
  book.fields[field], book.changes[field] = number, number
end

-- Lowers a field that may have been lost meanwhile, never below zero.
local function lower(book, field, by)
  local stored = book.fields[field]
  if stored and by ~= 0 then
    put(book, field, math.max(0, stored - by))
  end
end

local function saveBooks()
  for key, book in pairs(books) do
    if book and next(book.changes) then
      local flat = {}
      for field, number in pairs(book.changes) do
        flat[#flat + 1], flat[#flat + 2] = field, text(number)
      end
      call('HSET', key, unpack(flat))
    end
  end
end

-- Gives back what a ticket holds; tokens: of the settlement, false: nothing was used, so the place in the window too.
-- Returns how to drop the ticket, which comes last: a Redis that is out of memory still deletes, but writes nothing.
local function release(id, tokens)
  local ticketKey = BASE .. 't:' .. id
  local owner, amounts, entered, deployment = unpack(call('HMGET', ticketKey, 'o', 'm', 'b', 'f'))
  if not owner then
    return function() end
  end
  local held = numbers(amounts)
  eachBook(entered, function(key, windowStart, parts)
    local book = bookAt(key)
    if not book then
      return
    end
    put(book, 'q', book.fields.q + 1)
    lower(book, 'r', 1)
    if book.fields.ws and tonumber(book.fields.ws) == windowStart then
      lower(book, 'wt', held[2] - (tokens or 0))
      if not tokens then
        lower(book, 'wr', 1)
      end
    end
    for at = 3, #parts, 2 do
      lower(book, 'h:' .. parts[at], held[UNITS[string.match(parts[at], '^[^:]+')]])
    end
  end)
  return function()
    fly(deployment, -1)
    call('DEL', ticketKey)
    call('ZREM', BASE .. 'o:' .. owner, id)
  end
end
