--[[
  Puts one notice on the board, unless a better one hangs there. The hash is small: one field for each thing that rests or
  rested, and one for each account.

  KEYS[1]   hash of all notices: field -> JSON {"rank": number, ...}
  ARGV[1]   field
  ARGV[2]   the notice, JSON
  ARGV[3]   its rank, a number: of two notices the one with the higher rank stays
  ARGV[4]   '1': it replaces whatever hangs there
  ARGV[5]   life of the board without notices, milliseconds

  Returns   1 when the notice hangs there now, else 0
]]
local hanging = redis.call('HGET', KEYS[1], ARGV[1])
if hanging and ARGV[4] ~= '1' then
  local ok, notice = pcall(cjson.decode, hanging)
  if ok and type(notice) == 'table' and tonumber(notice.rank) and tonumber(notice.rank) > tonumber(ARGV[3]) then
    return 0
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
