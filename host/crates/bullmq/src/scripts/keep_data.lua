-- Runs before BullMQ's updateJobScheduler, with its KEYS and ARGV. The hash of a BullMQ 5 repeatable job has no `data`:
-- each of its jobs passes its own data to the next. Job schedulers have data in their hash, and BullMQ 6 reads it
-- there. So this script writes the data there once, as BullMQ 5 does. Only the hash of a job scheduler has the field
-- `ic`.
do
  local scheduler = KEYS[1] .. ':' .. ARGV[2]
  local millis = redis.call('ZSCORE', KEYS[1], ARGV[2])
  if millis and ARGV[7] == 'repeat:' .. ARGV[2] .. ':' .. millis and ARGV[3] ~= '{}' then
    local known = redis.call('HMGET', scheduler, 'ic', 'data')
    if not known[1] and not known[2] then
      redis.call('HSET', scheduler, 'data', ARGV[3])
    end
  end
end
