--[[
  One command on one login, all or nothing: the rules of credential-machine.ts, word for word.

  KEYS[1]   hash of the account; absent means nothing is known
  KEYS[2]   hash of the lane of its OAuth client: holder, untilMs
  ARGV[1]   nowMs, Unix milliseconds
  ARGV[2]   name of the command
  ARGV[3..] names and values of the command's other fields, in turn

  Returns   { kind, untilMs, name, value, name, value, … }   the reply, then the account as it is now
]]
local SPENT_KEPT, MOST_SENDS = 32, 2
local GRACE_MS, SKEW_MS = 60000, 300000

-- Every field with its empty value: the type of the empty value is the type of the field.
local EMPTY = {
  schema = 1, generation = 0, fingerprint = '', access = '', sealed = '', expiresAtMs = 0,
  rotatedAtMs = 0, rotatedBy = '', rotatedById = '', spent = '', fence = 0, holder = '', leaseUntilMs = 0,
  intent = '', intentFence = 0, intentUntilMs = 0, sends = 0,
  failureCode = '', failureAdvice = '', failureAtMs = 0, backoffCode = '', backoffUntilMs = 0, backoffCount = 0,
}
local TROUBLE = {
  'intent', 'intentFence', 'intentUntilMs', 'sends',
  'failureCode', 'failureAdvice', 'failureAtMs', 'backoffCode', 'backoffUntilMs', 'backoffCount',
}

-- Lua would write large numbers as 1.7e+12.
local function text(value)
  return type(value) == 'number' and string.format('%.0f', value) or value
end

local now = tonumber(ARGV[1])
local name = ARGV[2]
local command = {}
for at = 3, #ARGV, 2 do
  command[ARGV[at]] = ARGV[at + 1]
end
local function number(field)
  return tonumber(command[field])
end

local account = {}
for field, empty in pairs(EMPTY) do
  account[field] = empty
end
local stored = redis.call('HGETALL', KEYS[1])
for at = 1, #stored, 2 do
  local empty = EMPTY[stored[at]]
  if empty ~= nil then
    account[stored[at]] = type(empty) == 'number' and tonumber(stored[at + 1]) or stored[at + 1]
  end
end
local laneFields = redis.call('HMGET', KEYS[2], 'holder', 'untilMs')
local lane = { holder = laneFields[1] or '', untilMs = tonumber(laneFields[2] or '0') }
local accountChanged, laneChanged = false, false

local function exhausted()
  return account.intent ~= '' and account.sends >= MOST_SENDS and account.intentUntilMs <= now
end

local function has(words, fingerprint)
  return string.find(' ' .. words .. ' ', ' ' .. fingerprint .. ' ', 1, true) ~= nil
end

local function spend()
  if account.fingerprint == '' then
    return
  end
  local kept = { account.fingerprint }
  for each in string.gmatch(account.spent, '%S+') do
    if #kept < SPENT_KEPT then
      kept[#kept + 1] = each
    end
  end
  account.spent = table.concat(kept, ' ')
end

-- What the account knows first, then what is news to it.
local function learnSpent(told)
  local kept = {}
  for each in string.gmatch(account.spent, '%S+') do
    kept[#kept + 1] = each
  end
  for each in string.gmatch(told, '%S+') do
    if #kept < SPENT_KEPT and each ~= account.fingerprint and not has(account.spent, each) then
      kept[#kept + 1] = each
    end
  end
  account.spent = table.concat(kept, ' ')
end

local function clearTrouble()
  for _, field in ipairs(TROUBLE) do
    account[field] = EMPTY[field]
  end
end

local function takePair()
  if command.fingerprint ~= account.fingerprint then
    spend()
  end
  account.fingerprint, account.access, account.sealed = command.fingerprint, command.access, command.sealed
  account.expiresAtMs = number('expiresAtMs')
  accountChanged = true
end

local function dropLease()
  if account.holder == command.holder then
    account.holder, account.leaseUntilMs = '', 0
    accountChanged = true
  end
  if lane.holder == command.holder then
    lane.holder, lane.untilMs = '', 0
    laneChanged = true
  end
end

local handlers = {}

function handlers.read()
  return 'record', 0
end

function handlers.adopt()
  local sameLogin = account.fingerprint == command.fingerprint and account.generation > 0
  local younger = account.access ~= command.access and number('expiresAtMs') > account.expiresAtMs
  if sameLogin and account.generation >= number('leastGeneration') and not younger then
    return 'same', 0
  end
  if has(account.spent, command.fingerprint) then
    return 'spent', 0
  end
  if account.generation ~= number('expectedGeneration') then
    return 'moved', 0
  end
  local issued = number('issuedAtMs')
  local older = issued > 0 and issued < account.rotatedAtMs - SKEW_MS
  local alive = account.fingerprint ~= '' and account.failureCode == '' and not exhausted()
  -- The caller knows that what is here was spent for what it brings.
  local outlived = account.fingerprint ~= '' and has(command.spent, account.fingerprint)
  if older and alive and not sameLogin and not outlived then
    return 'older', 0
  end
  -- The same refresh token without a younger access token is no news of it: what is known of its sendings stays.
  if account.fingerprint ~= command.fingerprint or younger then
    clearTrouble()
  end
  takePair()
  learnSpent(command.spent)
  account.generation = math.max(number('newGeneration'), account.generation + 1)
  account.rotatedAtMs = issued > 0 and issued or now
  account.rotatedBy, account.rotatedById = command.by, command.byId
  return 'adopted', 0
end

function handlers.claim()
  local expected = number('expectedGeneration')
  if account.generation > expected then
    return 'newer', 0
  elseif account.generation < expected then
    return 'behind', 0
  elseif account.fingerprint == '' or account.failureCode ~= '' then
    return 'quarantined', 0
  elseif account.backoffUntilMs > now then
    return 'backing_off', account.backoffUntilMs
  end
  if account.leaseUntilMs > now and account.holder ~= '' then
    return account.holder == command.holder and 'granted' or 'busy', account.leaseUntilMs
  end
  if account.intent ~= '' then
    if account.intentUntilMs > now then
      return 'uncertain', account.intentUntilMs
    elseif account.sends >= MOST_SENDS then
      return 'exhausted', 0
    end
  end
  if lane.untilMs > now and lane.holder ~= '' then
    return 'lane_busy', lane.untilMs
  end
  local untilMs = now + number('leaseMs')
  account.fence, account.holder, account.leaseUntilMs = account.fence + 1, command.holder, untilMs
  lane.holder, lane.untilMs = command.holder, untilMs
  accountChanged, laneChanged = true, true
  return 'granted', untilMs
end

function handlers.intend()
  local held = account.holder == command.holder and account.leaseUntilMs > now
  if not held or account.fingerprint ~= command.fingerprint or account.failureCode ~= '' then
    return 'lost', 0
  end
  if account.intent ~= '' and account.intentFence == account.fence then
    return 'recorded', 0
  end
  account.intent, account.intentFence = command.fingerprint, account.fence
  account.intentUntilMs = account.leaseUntilMs + GRACE_MS
  account.sends = account.sends + 1
  accountChanged = true
  return 'recorded', 0
end

function handlers.store()
  dropLease()
  if account.generation ~= number('expectedGeneration') then
    return 'moved', 0
  end
  clearTrouble()
  takePair()
  account.generation = account.generation + 1
  account.rotatedAtMs, account.rotatedBy, account.rotatedById = now, 'gateway', command.byId
  return 'stored', 0
end

function handlers.fail()
  local held = account.holder == command.holder
  dropLease()
  if account.generation ~= number('expectedGeneration') then
    return 'moved', 0
  end
  if command.fate == 'uncertain' then
    return 'noted', 0
  end
  if command.fate == 'permanent' then
    clearTrouble()
    accountChanged = true
    account.failureCode, account.failureAdvice, account.failureAtMs = command.code, command.advice, now
    return 'noted', 0
  end
  -- Once for each lease, so that a repeated command does not take back two sendings. It frees no lane either.
  if not held then
    laneChanged = false
    return 'lost', 0
  end
  accountChanged = true
  -- This sending did not happen; one before it, whose fate is unknown, still counts.
  account.sends = math.max(0, account.sends - 1)
  if account.sends == 0 then
    account.intent, account.intentFence, account.intentUntilMs = '', 0, 0
  end
  account.backoffCode, account.backoffUntilMs = command.code, now + number('backoffMs')
  account.backoffCount = account.backoffCount + 1
  return 'noted', 0
end

function handlers.release()
  if account.holder ~= command.holder then
    return 'lost', 0
  end
  dropLease()
  return 'released', 0
end

function handlers.reseal()
  if account.generation ~= number('expectedGeneration') then
    return 'moved', 0
  end
  account.sealed, accountChanged = command.sealed, true
  return 'resealed', 0
end

function handlers.forget()
  if account.generation ~= number('expectedGeneration') then
    return 'moved', 0
  end
  spend()
  clearTrouble()
  account.fingerprint, account.access, account.sealed, account.expiresAtMs = '', '', '', 0
  account.generation, accountChanged = account.generation + 1, true
  return 'forgotten', 0
end

local kind, untilMs = handlers[name]()

local flat = {}
for field, value in pairs(account) do
  flat[#flat + 1] = field
  flat[#flat + 1] = text(value)
end
if accountChanged then
  redis.call('HSET', KEYS[1], unpack(flat))
end
if laneChanged then
  redis.call('HSET', KEYS[2], 'holder', lane.holder, 'untilMs', text(lane.untilMs))
end
return { kind, text(untilMs), unpack(flat) }
