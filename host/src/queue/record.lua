-- Keeps why an attempt failed, on the job itself, as BullMQ's clients do before a retry.
-- KEYS: the job's hash, its lock.
-- ARGV: lock token, reason, stack trace of this attempt, how many traces to keep, attempts made or ''.
-- Returns 1, or -1 when the lock is not the caller's.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return -1
end
if ARGV[5] ~= '' and redis.call('HGET', KEYS[1], 'atm') == ARGV[5] then
  return 1 -- written before; the answer was lost
end
local traces = {}
local held = redis.call('HGET', KEYS[1], 'stacktrace')
if held then
  local ok, list = pcall(cjson.decode, held)
  if ok and type(list) == 'table' then
    traces = list
  end
end
traces[#traces + 1] = ARGV[3]
while #traces > tonumber(ARGV[4]) do
  table.remove(traces, 1)
end
local encoded = '[]' -- an empty table would be encoded as an object
if #traces > 0 then
  encoded = cjson.encode(traces)
end
redis.call('HSET', KEYS[1], 'failedReason', ARGV[2], 'stacktrace', encoded)
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], 'atm', ARGV[5])
end
return 1
