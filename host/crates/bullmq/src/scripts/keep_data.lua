-- Runs in front of BullMQ's updateJobScheduler, with its KEYS and ARGV. A repeatable job of BullMQ 5 has a hash without
-- `data`: each of its jobs hands its own data on. Job schedulers keep data in their hash, from which BullMQ 6 takes it, so
-- the data is written there once, as BullMQ 5 does. `ic` is what only the hash of a job scheduler has.
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
