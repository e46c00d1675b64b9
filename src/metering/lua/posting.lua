--[[
  What a row changes beside itself: books, daily figures, lists. Put before the scripts that write rows.

  A posting is 16 arguments and its tags:
    startMs, nanos, tokens, requests, plan_5h, plan_week, key, team, user, customer, group, account, day, dims, metrics,
    number of tags, tags…      names are empty where there is none; metrics are eleven numbers in one text
]]
local function readPosting(at)
  local posting = {
    start = tonumber(ARGV[at]), startText = ARGV[at], amounts = {},
    group = ARGV[at + 10], day = ARGV[at + 12], dims = ARGV[at + 13], metrics = ARGV[at + 14],
    books = { 'proxy:all' }, lists = { 'all' }, cells = { 'proxy:all' },
  }
  for unit, place in pairs(UNITS) do
    posting.amounts[unit] = tonumber(ARGV[at + place])
  end
  local function listed(name)
    posting.books[#posting.books + 1] = name
    posting.lists[#posting.lists + 1] = name
    posting.cells[#posting.cells + 1] = name
  end
  local key, team, user, customer, account = ARGV[at + 6], ARGV[at + 7], ARGV[at + 8], ARGV[at + 9], ARGV[at + 11]
  if key ~= '' then
    listed('key:' .. key)
  end
  if team ~= '' then
    listed('team:' .. team)
  end
  if user ~= '' then
    listed('user:' .. user)
  end
  if customer ~= '' then
    listed('customer:' .. customer)
  end
  posting.totals = #posting.cells
  if team ~= '' and user ~= '' then
    posting.member = 'member:' .. team .. '/' .. user
    posting.books[#posting.books + 1] = posting.member
  end
  for tag = at + 16, at + 15 + tonumber(ARGV[at + 15]) do
    posting.cells[#posting.cells + 1] = 'tag:' .. ARGV[tag]
  end
  if account ~= '' then
    posting.cells[#posting.cells + 1] = 'account:' .. account
  end
  if posting.group ~= '' then
    for book = 1, #posting.books do
      posting.books[#posting.books + 1] = posting.books[book] .. '|' .. posting.group
    end
  end
  return posting, at + 16 + tonumber(ARGV[at + 15])
end

-- Adds to an open book; sign -1 takes away.
local function chargeBook(key, posting, sign)
  local flat = call('HGETALL', key)
  if #flat == 0 then
    return
  end
  call('HINCRBY', key, 'q', 1)
  local open = false
  for at = 1, #flat, 2 do
    open = open or flat[at] == 's'
  end
  if not open then
    return
  end
  if posting.amounts.nano_usd ~= 0 then
    call('HINCRBY', key, 's', text(sign * posting.amounts.nano_usd))
  end
  for at = 1, #flat, 2 do
    local unit, first, last = string.match(flat[at], '^u:([^:]+):[^:]*:(%d+):(%d+)$')
    if unit and posting.amounts[unit] ~= 0 and tonumber(first) <= posting.start then
      if last == '0' or posting.start < tonumber(last) then
        call('HINCRBY', key, flat[at], text(sign * posting.amounts[unit]))
      end
    end
  end
end

local PATTERN = string.rep('(%S+) ', 10) .. '(%S+)'
local FORMAT = string.rep('%.0f ', 10) .. '%.0f'

local function addFigures(key, field, metrics, sign)
  local stored = call('HGET', key, field)
  if not stored and sign == 1 then
    call('HSET', key, field, metrics)
    return true
  end
  local a, b, c, d, e, f, g, h, i, j, k = string.match(metrics, PATTERN)
  local A, B, C, D, E, F, G, H, I, J, K = string.match(stored or '0 0 0 0 0 0 0 0 0 0 0', PATTERN)
  call('HSET', key, field, string.format(FORMAT, A + sign * a, B + sign * b, C + sign * c, D + sign * d,
    E + sign * e, F + sign * f, G + sign * g, H + sign * h, I + sign * i, J + sign * j, K + sign * k))
  return not stored
end

local function charge(posting, sign)
  for _, book in ipairs(posting.books) do
    chargeBook(BASE .. 'b:' .. book, posting, sign)
  end
  for at, entity in ipairs(posting.cells) do
    if addFigures(BASE .. 'c:' .. entity .. ':' .. posting.day, posting.dims, posting.metrics, sign) then
      local kind, id = string.match(entity, '^([^:]+):(.*)$')
      call('SADD', BASE .. 'cd:' .. kind .. ':' .. posting.day, id)
    end
    if at <= posting.totals then
      addFigures(BASE .. 'ct:' .. entity, posting.day, posting.metrics, sign)
    end
  end
  if posting.member then
    addFigures(BASE .. 'ct:' .. posting.member, posting.day, posting.metrics, sign)
  end
end

local function list(id, posting)
  for _, name in ipairs(posting.lists) do
    call('ZADD', BASE .. 'i:' .. name, posting.startText, id)
  end
end
