-- Whether a job's first attempt has started and the job has not ended: it is active, or waits for its next attempt.
local function is_started(job)
    local fields = redis.call('HMGET', job, 'ats', 'finishedOn')
    return tonumber(fields[1] or '0') > 0 and not fields[2]
end
