--[[
  Begins to count changes of a book that may be new.

  ARGV     book
  Returns  its seq
]]
if call('HSETNX', BASE .. 'b:' .. ARGV[1], 'q', 0) == 1 then
  call('SADD', BASE .. 'bk', ARGV[1])
end
return call('HGET', BASE .. 'b:' .. ARGV[1], 'q')
