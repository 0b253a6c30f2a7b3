-- Ends jobs of one queue, and claims the next ones: follows on claim.lua. Leaves for each job what BullMQ's own workers
-- leave when they end it alone.
--
-- KEYS, from 11: completed, failed, then for each of both its metrics and the list of their points.
-- ARGV, from 8: how many points are kept (minutes), then for each job ten:
--   id, lock token, how often it was started, 'completed' or 'failed', return value or reason, stack traces (JSON) or '',
--   how many attempts it has, and which ended jobs are kept: count, age (s) and limit, each may be ''.
-- Answers a code for each job, and what `claim` answers. Codes: 0 done, 1 has a parent or a deduplication id and so is
-- not for this script, and BullMQ's own: -1 no such job, -2 not locked, -3 not active, -4 has children that have not
-- ended, -6 locked by another, -9 has children that failed.
local ITEM = 10
local ended = { completed = KEYS[11], failed = KEYS[12] }
local metrics = { completed = { KEYS[13], KEYS[14] }, failed = { KEYS[15], KEYS[16] } }
local counted = { completed = 0, failed = 0 }
-- Locks and ids that are taken away for all jobs at once, after them. An error on the way leaves these alone behind, and
-- they do no harm: a lock runs out, and of the stalled ones only those count that are active.
local unlocked, unstalled = {}, {}

local function remove_keys(job)
  call('DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed', job .. ':failed', job .. ':unsuccessful')
end

-- A job that its parent still waits for is removed: the parent may be free to go on.
local function leave_parent(job)
  local parent = call('HGET', job, 'parentKey')
  if not parent or parent == '' or call('SREM', parent .. ':dependencies', job) == 0
    or call('SCARD', parent .. ':dependencies') > 0 then
    return
  end
  local id = string.match(parent, '[^:]*$')
  local queue = string.sub(parent, 1, #parent - #id)
  if call('ZREM', queue .. 'waiting-children', id) == 0 then
    return
  end
  call('RPUSH', queue .. 'wait', id)
  local state = call('HMGET', queue .. 'meta', 'paused', 'concurrency')
  if not state[1] and not (state[2] and call('LLEN', queue .. 'active') >= tonumber(state[2])) then
    call('ZADD', queue .. 'marker', 0, '0')
  end
  call('XADD', queue .. 'events', '*', 'event', 'waiting', 'jobId', id, 'prev', 'waiting-children')
end

local function forget(ids)
  for _, id in ipairs(ids) do
    leave_parent(prefix .. id)
    remove_keys(prefix .. id)
  end
end

local function keep(set, count, age, most)
  if age then
    local oldest = now - age * 1000
    local old = call('ZREVRANGEBYSCORE', set, oldest, '-inf', 'LIMIT', 0, most)
    forget(old)
    if #old > 0 and #old < most then
      call('ZREMRANGEBYSCORE', set, '-inf', oldest)
    else
      for from = 1, #old, 5000 do
        call('ZREM', set, unpack(old, from, math.min(from + 4999, #old)))
      end
    end
  end
  if count and count > 0 then
    forget(call('ZREVRANGE', set, count, -1))
    call('ZREMRANGEBYRANK', set, 0, -(count + 1))
  end
end

-- Whether a job may be ended by whoever holds `token`, which it takes: 0, or a code. A lock that ran out while Redis was
-- away is no hindrance as long as nobody else has started the job, nor is that it was put back meanwhile.
local function unlock(job, id, token, started)
  local holder = call('GET', job .. ':lock')
  if holder and holder ~= token then
    return -6
  end
  if not holder and call('HGET', job, 'ats') ~= started then
    return -2
  end
  if call('LREM', active, -1, id) == 0 then
    if holder then
      return -3
    end
    -- What has stalled was put at the end that is taken from. Else someone has retried a job that had ended.
    if not call('HGET', job, 'stc') or call('LREM', wait, -1, id) == 0 then
      return -2
    end
    call('HDEL', job, 'defa')
  end
  if holder then
    unlocked[#unlocked + 1] = job .. ':lock'
  end
  unstalled[#unstalled + 1] = id
  return 0
end

local function settle(at)
  local id, token, started, target, value = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local job = prefix .. id
  local fields = call('HMGET', job, 'parentKey', 'parent', 'deid', 'timestamp', 'atm')
  if fields[1] or fields[2] or fields[3] then
    return 1
  end
  if not fields[4] and call('EXISTS', job) == 0 then
    return -1
  end
  if target == 'completed' and call('EXISTS', job .. ':dependencies', job .. ':unsuccessful') > 0 then
    return call('EXISTS', job .. ':dependencies') == 1 and -4 or -9
  end
  local code = unlock(job, id, token, started)
  if code < 0 then
    return code
  end

  local property = target == 'completed' and 'returnvalue' or 'failedReason'
  local made = (tonumber(fields[5]) or 0) + 1
  local count, age = tonumber(ARGV[at + 7]), tonumber(ARGV[at + 8])
  if count == 0 then
    remove_keys(job)
  else
    call('ZADD', ended[target], ARGV[2], id)
    if target == 'failed' then
      call('HSET', job, 'atm', made, 'failedReason', value, 'stacktrace', ARGV[at + 5], 'finishedOn', ARGV[2])
      call('HDEL', job, 'defa')
    else
      call('HSET', job, 'atm', made, 'returnvalue', value, 'finishedOn', ARGV[2])
    end
    if count or age then
      keep(ended[target], count, age, tonumber(ARGV[at + 9]) or 1000)
    end
  end
  call('XADD', events, '*', 'event', target, 'jobId', id, property, value, 'prev', 'active')
  if target == 'failed' and made >= tonumber(ARGV[at + 6]) then
    call('XADD', events, '*', 'event', 'retries-exhausted', 'jobId', id, 'attemptsMade', made)
  end
  counted[target] = counted[target] + 1
  return 0
end

-- Counts ended jobs by the minute. A minute's count is written once the next has begun.
local function count_ended(hash, points, ended_now)
  if ended_now == 0 then
    return
  end
  local most = tonumber(ARGV[8])
  local before = call('HINCRBY', hash, 'count', ended_now) - ended_now
  local last = call('HMGET', hash, 'prevTS', 'prevCount')
  if not last[1] then
    call('HSET', hash, 'prevTS', ARGV[2], 'prevCount', 0)
    return
  end
  local minutes = math.min(math.floor(now / 60000) - math.floor(tonumber(last[1]) / 60000), most)
  if minutes <= 0 then
    return
  end
  call('LPUSH', points, before - (tonumber(last[2]) or 0))
  for from = 2, minutes, 5000 do
    local zeros = {}
    for _ = from, math.min(from + 4999, minutes) do
      zeros[#zeros + 1] = 0
    end
    call('LPUSH', points, unpack(zeros))
  end
  call('LTRIM', points, 0, most - 1)
  call('HSET', hash, 'prevCount', before, 'prevTS', ARGV[2])
end

-- Before anything is written to the stream, so that nothing of this call is cut off.
local most_events = call('HGET', meta, 'opts.maxLenEvents')
if not most_events then
  most_events = 10000
  call('HSET', meta, 'opts.maxLenEvents', most_events)
end
call('XTRIM', events, 'MAXLEN', '~', most_events)

-- Jobs that the caller has to go on with take no new one's place.
local codes, kept = {}, 0
for at = 9, #ARGV, ITEM do
  local code = settle(at)
  if code == 1 or code == -4 or code == -9 then
    kept = kept + 1
  end
  codes[#codes + 1] = code
end
if #unstalled > 0 then
  call('SREM', stalled, unpack(unstalled))
end
if #unlocked > 0 then
  call('DEL', unpack(unlocked))
end
for target, keys in pairs(metrics) do
  count_ended(keys[1], keys[2], counted[target])
end

local wanted, next = tonumber(ARGV[5]), { {}, 0, 0, 0 }
local most = math.max(wanted - kept, 0)
if most > 0 then
  next = claim(most)
elseif wanted > 0 then
  next[4] = 1
end
local drained = #next[1] == 0 and next[2] == 0 and next[3] == 0 and counted.completed + counted.failed > 0
if drained and (most == 0 or call('HEXISTS', meta, 'paused') == 0) and call('LLEN', wait) == 0
  and call('LLEN', active) == 0 and call('ZCARD', prioritized) == 0 then
  call('XADD', events, '*', 'event', 'drained')
end
return { codes, next }
