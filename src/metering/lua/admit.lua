--[[
  Enters a request in all its books, or in none: machine/admit.ts.

  ARGV  nowMs, ticket, owner, deadlineMs, windowMs, amounts (five numbers in one text, UNITS), least money and tokens
        (in one text), draft, number of deployments, deployments…, number of pins, pins…,
        then for each scope a JSON list of texts:
        book, 1 enforced or 0, limits of requests, tokens, parallel (-1: none),
        number of counters, (name, unit, max)…, number of budgets, (place of its counter from 1, max)…

  Returns { 'admitted', numbers of the books, observed limits, in flight, pins, granted money and tokens }
            numbers: windowStart requests tokens running, then used and held of each counter, scope after scope
            observed: scope limit scope limit …   scope from 0; limit: place of a budget from 0, -1 requests, -2 tokens, -3 parallel
            in flight: a number for each deployment;  pins: what each says, or nil
          { 'refused', numbers of that one book, 'scope limit' }
          { 'unseeded', 'scope seq isNew openedMs counters…', … }   one text for each scope; counters: places from 0
]]
local now, id, owner, deadline, windowMs = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local held, least, draft = numbers(ARGV[6]), numbers(ARGV[7]), ARGV[8]

local from, at = ARGV, 9
local function take()
  at = at + 1
  return from[at - 1]
end
local function takeList()
  local list = {}
  for place = 1, tonumber(take()) do
    list[place] = take()
  end
  return list
end
local deployments, pins = takeList(), takeList()

local scopes = {}
for argument = at, #ARGV do
  from, at = cjson.decode(ARGV[argument]), 1
  local scope = {
    book = take(), enforced = take() == '1',
    requests = tonumber(take()), tokens = tonumber(take()), parallel = tonumber(take()),
    counters = {}, budgets = {},
  }
  local fields = { 'q', 's', 'r', 'ws', 'wr', 'wt' }
  for place = 1, tonumber(take()) do
    local counter = { name = take(), unit = take(), max = take() }
    scope.counters[place] = counter
    fields[#fields + 1] = 'u:' .. counter.name
    fields[#fields + 1] = 'h:' .. counter.name
  end
  for place = 1, tonumber(take()) do
    scope.budgets[place] = { counter = tonumber(take()), max = tonumber(take()) }
  end
  scope.key = BASE .. 'b:' .. scope.book
  scope.stored = call('HMGET', scope.key, unpack(fields))
  scopes[#scopes + 1] = scope
end

local function known(value)
  return tonumber(value or '0')
end

-- The numbers of one book, as a list.
local function view(scope, into)
  local stored = scope.stored
  into[#into + 1] = scope.start or known(stored[4])
  into[#into + 1] = scope.used or known(stored[5])
  into[#into + 1] = scope.usedTokens or known(stored[6])
  into[#into + 1] = known(stored[3])
  for place = 1, #scope.counters do
    into[#into + 1] = known(stored[5 + 2 * place])
    into[#into + 1] = known(stored[6 + 2 * place])
  end
  return into
end

local function join(list)
  for place, number in ipairs(list) do
    list[place] = text(number)
  end
  return table.concat(list, ' ')
end

local function routing()
  local flying, found = {}, {}
  if #deployments > 0 then
    flying = call('HMGET', BASE .. 'f', unpack(deployments))
    for place = 1, #deployments do
      flying[place] = flying[place] or '0'
    end
  end
  if #pins > 0 then
    for place = 1, #pins do
      pins[place] = BASE .. 'p:' .. pins[place]
    end
    found = call('MGET', unpack(pins))
  end
  return table.concat(flying, ' '), found
end

local function admitted(observed)
  local views = {}
  for _, scope in ipairs(scopes) do
    view(scope, views)
  end
  local flying, found = routing()
  return { 'admitted', join(views), table.concat(observed, ' '), flying, found, join({ held[1], held[2] }) }
end

if call('EXISTS', BASE .. 't:' .. id, BASE .. 'r:' .. id) > 0 then
  local amounts = call('HGET', BASE .. 't:' .. id, 'm')
  held = amounts and numbers(amounts) or held
  return admitted({})
end

local missing = {}
for place, scope in ipairs(scopes) do
  local gaps = {}
  for counter = 1, #scope.counters do
    if not scope.stored[5 + 2 * counter] then
      gaps[#gaps + 1] = counter - 1
    end
  end
  local isNew = not scope.stored[2]
  if isNew or #gaps > 0 then
    if not scope.stored[1] then
      call('HSET', scope.key, 'q', 0)
      call('SADD', BASE .. 'bk', scope.book)
    end
    local opened = not isNew and call('HGET', scope.key, 'o') or '0'
    missing[#missing + 1] = table.concat({ place - 1, scope.stored[1] or '0', isNew and 1 or 0, opened, unpack(gaps) }, ' ')
  end
end
if #missing > 0 then
  return { 'unseeded', unpack(missing) }
end

for _, scope in ipairs(scopes) do
  local start = known(scope.stored[4])
  local running = start > 0 and now < start + windowMs and start <= now + windowMs
  scope.start = running and start or now
  scope.used = running and known(scope.stored[5]) or 0
  scope.usedTokens = running and known(scope.stored[6]) or 0
end

-- Nobody else holds anything, and something is left that a request can begin with.
local function isSoleRoom(aside, room, unit)
  return unit <= 2 and aside == 0 and room >= math.max(1, least[unit])
end

-- What is asked for, or less where a budget that refuses has less, and nobody else holds any of it.
for _, scope in ipairs(scopes) do
  for _, entry in ipairs(scope.budgets) do
    local unit = UNITS[scope.counters[entry.counter].unit]
    local room = entry.max - known(scope.stored[5 + 2 * entry.counter])
    if scope.enforced and room < held[unit] and isSoleRoom(known(scope.stored[6 + 2 * entry.counter]), room, unit) then
      held[unit] = room
    end
  end
end

local observed = {}
local function refuse(place, scope, limit)
  if scope.enforced then
    return { 'refused', join(view(scope, {})), (place - 1) .. ' ' .. limit }
  end
  observed[#observed + 1] = place - 1
  observed[#observed + 1] = limit
end

for place, scope in ipairs(scopes) do
  for budget, entry in ipairs(scope.budgets) do
    local unit = UNITS[scope.counters[entry.counter].unit]
    local amount, aside = held[unit], known(scope.stored[6 + 2 * entry.counter])
    local room = entry.max - known(scope.stored[5 + 2 * entry.counter]) - aside
    local isMoney = unit == 1
    local isFull = not isSoleRoom(aside, room, unit) and (amount > room or (not isMoney and room <= 0))
    if isFull and not (isMoney and amount == 0) then
      local refused = refuse(place, scope, budget - 1)
      if refused then
        return refused
      end
    end
  end
end
for place, scope in ipairs(scopes) do
  if scope.requests >= 0 and scope.used + 1 > scope.requests then
    local refused = refuse(place, scope, -1)
    if refused then
      return refused
    end
  end
  local hasRoom = scope.usedTokens + held[2] <= scope.tokens or (scope.usedTokens == 0 and scope.tokens > 0)
  if scope.tokens >= 0 and not hasRoom then
    local refused = refuse(place, scope, -2)
    if refused then
      return refused
    end
  end
end
for place, scope in ipairs(scopes) do
  if scope.parallel >= 0 and known(scope.stored[3]) >= scope.parallel then
    local refused = refuse(place, scope, -3)
    if refused then
      return refused
    end
  end
end

local lines = {}
for place, scope in ipairs(scopes) do
  scope.used, scope.usedTokens = scope.used + 1, scope.usedTokens + held[2]
  scope.stored[3] = known(scope.stored[3]) + 1
  local fields = {
    'q', text(scope.stored[1] + 1), 'r', text(scope.stored[3]), 'ws', text(scope.start), 'wr', text(scope.used), 'wt', text(scope.usedTokens),
  }
  local line = { scope.book, text(scope.start) }
  for counter, entry in ipairs(scope.counters) do
    local sum = known(scope.stored[6 + 2 * counter]) + held[UNITS[entry.unit]]
    scope.stored[6 + 2 * counter] = sum
    fields[#fields + 1], fields[#fields + 2] = 'h:' .. entry.name, text(sum)
    line[#line + 1], line[#line + 2] = entry.name, entry.max
  end
  call('HSET', scope.key, unpack(fields))
  lines[place] = table.concat(line, '\t')
end
local amounts = join({ unpack(held) })
call('HSET', BASE .. 't:' .. id, 'o', owner, 'd', deadline, 'm', amounts, 'b', table.concat(lines, '\n'), 'f', '', 'x', draft)
call('ZADD', BASE .. 'o:' .. owner, deadline, id)
return admitted(observed)
