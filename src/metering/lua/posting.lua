--[[
  What a row changes beside itself: books, daily figures, lists. Put before the scripts that write rows.

  A posting is 5 arguments:
    startMs, amounts (five numbers in one text, UNITS), day, metrics (eleven numbers in one text), and a JSON list of
    dims, key, team, user, customer, groups, account, tags…  names are empty where there is none, groups divided by |
]]
local POSTING = 5

-- Of safe names, as safeName(memberId(team, user)) has it: slashes and percent signs within a part are escaped first.
local function memberPart(name)
  return (name:gsub('%%25', '%%2525'):gsub('/', '%%252F'))
end

local function readPosting(at)
  local owners = cjson.decode(ARGV[at + 4])
  local dims, key, team, user, customer, groups, account = unpack(owners, 1, 7)
  local posting = {
    start = tonumber(ARGV[at]), startText = ARGV[at], amounts = {},
    day = ARGV[at + 2], metrics = ARGV[at + 3], numbers = numbers(ARGV[at + 3]), dims = dims,
    books = { 'proxy:all' }, lists = { 'all' }, cells = { 'proxy:all' },
  }
  local amounts = numbers(ARGV[at + 1])
  for unit, place in pairs(UNITS) do
    posting.amounts[unit] = amounts[place]
  end
  local function listed(name)
    posting.books[#posting.books + 1] = name
    posting.lists[#posting.lists + 1] = name
    posting.cells[#posting.cells + 1] = name
  end
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
    posting.member = 'member:' .. memberPart(team) .. '/' .. memberPart(user)
    posting.books[#posting.books + 1] = posting.member
  end
  for tag = 8, #owners do
    posting.cells[#posting.cells + 1] = 'tag:' .. owners[tag]
  end
  if account ~= '' then
    posting.cells[#posting.cells + 1] = 'account:' .. account
  end
  local whole = #posting.books
  for group in string.gmatch(groups, '[^|]+') do
    for book = 1, whole do
      posting.books[#posting.books + 1] = posting.books[book] .. '|' .. group
    end
  end
  return posting
end

-- Adds to an open book; sign -1 takes away.
local function chargeBook(key, posting, sign)
  local book = bookAt(key)
  if not book then
    return
  end
  local fields, amounts = book.fields, posting.amounts
  put(book, 'q', fields.q + 1)
  if not fields.s then
    return
  end
  if amounts.nano_usd ~= 0 then
    put(book, 's', fields.s + sign * amounts.nano_usd)
  end
  local charged = {}
  for field in pairs(fields) do
    if string.sub(field, 1, 2) == 'u:' then
      local unit, first, last = string.match(field, '^u:([^:]+):[^:]*:(%d+):(%d+)$')
      if unit and amounts[unit] ~= 0 and tonumber(first) <= posting.start then
        if last == '0' or posting.start < tonumber(last) then
          charged[field] = fields[field] + sign * amounts[unit]
        end
      end
    end
  end
  for field, sum in pairs(charged) do
    put(book, field, sum)
  end
end

local PATTERN = string.rep('(%S+) ', 10) .. '(%S+)'
local FORMAT = string.rep('%d ', 10) .. '%d'

-- All eleven at once: a loop over them takes three times as long.
local function addFigures(key, field, posting, sign)
  local stored = call('HGET', key, field)
  if not stored and sign == 1 then
    call('HSET', key, field, posting.metrics)
    return true
  end
  local p = posting.numbers
  local a, b, c, d, e, f, g, h, i, j, k = string.match(stored or '0 0 0 0 0 0 0 0 0 0 0', PATTERN)
  call('HSET', key, field, string.format(FORMAT, a + sign * p[1], b + sign * p[2], c + sign * p[3], d + sign * p[4],
    e + sign * p[5], f + sign * p[6], g + sign * p[7], h + sign * p[8], i + sign * p[9], j + sign * p[10], k + sign * p[11]))
  return not stored
end

local function charge(posting, sign)
  for _, book in ipairs(posting.books) do
    chargeBook(BASE .. 'b:' .. book, posting, sign)
  end
  for at, entity in ipairs(posting.cells) do
    if addFigures(BASE .. 'c:' .. entity .. ':' .. posting.day, posting.dims, posting, sign) then
      local kind, id = string.match(entity, '^([^:]+):(.*)$')
      call('SADD', BASE .. 'cd:' .. kind .. ':' .. posting.day, id)
    end
    if at <= posting.totals then
      addFigures(BASE .. 'ct:' .. entity, posting.day, posting, sign)
    end
  end
  if posting.member then
    addFigures(BASE .. 'ct:' .. posting.member, posting.day, posting, sign)
  end
end

local function list(id, posting)
  for _, name in ipairs(posting.lists) do
    call('ZADD', BASE .. 'i:' .. name, posting.startText, id)
  end
end
