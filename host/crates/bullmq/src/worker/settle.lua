-- Ends jobs of one queue, and claims the next ones. It comes after claim.lua. Each ended job gets the same data as from
-- BullMQ's own workers.
--
-- KEYS, from 11: completed, failed, then for each of the two its metrics and the list of their points.
-- ARGV, from 9: how many minutes of metrics are kept, or '' for no metrics, then the jobs.
-- The jobs are a MessagePack array of arrays:
--   id, lock token, how often it was started (text), 'completed' or 'failed', return value or reason,
--   stack traces (JSON), how many attempts it has, and which ended jobs are kept: count, age (s) and limit.
--   Each of these last three may be nil. A long value or reason is an argument after the jobs. The array then contains
--   the index of that argument.
-- Returns a code for each job, and what `claim` returns. Codes: 0 done, 1 has a parent or a deduplication id, which
-- this script does not handle. The other codes are BullMQ's: -1 no such job, -2 not locked, -3 not active, -4 has
-- children that have not ended, -6 locked by another, -9 has children that failed.
-- One command handles all jobs where possible, because a command's overhead costs more than its work.
local ID, TOKEN, STARTED, TARGET, VALUE, TRACES, ATTEMPTS, COUNT, AGE, LIMIT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local items = cmsgpack.unpack(ARGV[10])
local ended = { completed = KEYS[11], failed = KEYS[12] }
local metrics = { completed = { KEYS[13], KEYS[14] }, failed = { KEYS[15], KEYS[16] } }
local counted = { completed = 0, failed = 0 }
-- Locks and ids that are removed after all jobs. If an error aborts the script, only these stay behind. They are
-- harmless: a lock expires, and the stalled check only looks at active jobs.
local unlocked, unstalled = {}, {}

local function remove_keys(job)
  call('DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed', job .. ':failed', job .. ':unsuccessful')
end

-- Removes a deleted job from the dependencies of its parent. If the parent waits for no other child, it continues.
local function leave_parent(job)
  local parent = try('HGET', job, 'parentKey')
  if not parent or is_other_type(parent) or parent == '' or call('SREM', parent .. ':dependencies', job) == 0
    or call('SCARD', parent .. ':dependencies') > 0 then
    return
  end
  local id = string.match(parent, '[^:]*$')
  local queue = string.sub(parent, 1, #parent - #id)
  if call('ZREM', queue .. 'waiting-children', id) == 0 then
    return
  end
  call('RPUSH', waiting_list(queue), id)
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

-- The keys of the jobs, the holders of their locks, and whether one of the jobs has children that matter.
local keys, holders, parents = {}, {}, false
local function look_up()
  local locks, children = {}, {}
  for i, item in ipairs(items) do
    local job = prefix .. item[ID]
    keys[i], locks[i] = job, job .. ':lock'
    if type(item[VALUE]) == 'number' then
      item[VALUE] = ARGV[item[VALUE]]
    end
    if item[TARGET] == 'completed' then
      children[#children + 1] = job .. ':dependencies'
      children[#children + 1] = job .. ':unsuccessful'
    end
  end
  holders = call('MGET', unpack(locks))
  parents = #children > 0 and call('EXISTS', unpack(children)) > 0
end

-- Whether the holder of a job's token may end it. Returns 0 and how often the job has failed, or a code. A lock that
-- expired while Redis was away is no obstacle if no other worker has started the job, even if the job was requeued
-- meanwhile.
local function check(i)
  local item, job, holder = items[i], keys[i], holders[i]
  local fields = try('HMGET', job, 'parentKey', 'deid', 'ats', 'atm')
  if fields.err and is_other_type(fields) then
    return -1
  elseif fields[1] or fields[2] then
    return 1
  end
  if not fields[3] and call('EXISTS', job) == 0 then
    return -1
  end
  if parents and item[TARGET] == 'completed' then
    if call('EXISTS', job .. ':dependencies') == 1 then
      return -4
    elseif call('EXISTS', job .. ':unsuccessful') == 1 then
      return -9
    end
  end
  if holder and holder ~= item[TOKEN] then
    return -6
  end
  if not holder and fields[3] ~= item[STARTED] then
    return -2
  end
  return 0, tonumber(fields[4]) or 0
end

-- Removes these jobs from the active list, and returns which of them were there. Most of them are the oldest entries.
-- So the script pops that many at once, and pushes back the jobs that have not ended.
local function leave_active(ids)
  local left, wanted = {}, {}
  if #ids > 1 then
    for _, id in ipairs(ids) do
      wanted[id] = true
    end
    local oldest, back = call('RPOP', active, #ids) or {}, {}
    for i = #oldest, 1, -1 do
      local id = oldest[i]
      if wanted[id] then
        left[id], wanted[id] = true, nil
      else
        back[#back + 1] = id
      end
    end
    if #back > 0 then
      call('RPUSH', active, unpack(back))
    end
  end
  for _, id in ipairs(ids) do
    if not left[id] then
      left[id] = call('LREM', active, -1, id) > 0
    end
  end
  return left
end

-- Removes a job that is not active from the waiting jobs. It is there if it stalled and was requeued, at the end of the
-- list that workers pop from. Returns 0, or the code that says why the job cannot be ended. In the case of -2 a client
-- has retried a job that had already ended.
local function leave_wait(i)
  local id, job = items[i][ID], keys[i]
  if holders[i] then
    return -3
  end
  if not call('HGET', job, 'stc')
    or call('LREM', wait, -1, id) == 0 and call('LREM', prefix .. 'paused', -1, id) == 0 then
    return -2
  end
  call('HDEL', job, 'defa')
  return 0
end

-- Adds these jobs to the set of ended jobs. Jobs with a retention policy are added one by one (finish), because each
-- may remove earlier ones.
local function put_with_ended(ids, target)
  local scored = {}
  for _, id in ipairs(ids) do
    scored[#scored + 1] = ARGV[2]
    scored[#scored + 1] = id
  end
  if #scored > 0 then
    call('ZADD', ended[target], unpack(scored))
  end
end

local function finish(i, failures)
  local item, job = items[i], keys[i]
  local id, target, value, count, age = item[ID], item[TARGET], item[VALUE], item[COUNT], item[AGE]
  local property = target == 'completed' and 'returnvalue' or 'failedReason'
  local made = failures + 1
  if count == 0 then
    remove_keys(job)
  elseif target == 'failed' then
    call('HSET', job, 'atm', made, 'failedReason', value, 'stacktrace', item[TRACES], 'finishedOn', ARGV[2])
    call('HDEL', job, 'defa')
  else
    call('HSET', job, 'atm', made, 'returnvalue', value, 'finishedOn', ARGV[2])
  end
  if count ~= 0 and (count or age) then
    call('ZADD', ended[target], ARGV[2], id)
    keep(ended[target], count, age, item[LIMIT] or 1000)
  end
  call('XADD', events, '*', 'event', target, 'jobId', id, property, value, 'prev', 'active')
  if target == 'failed' and made >= item[ATTEMPTS] then
    call('XADD', events, '*', 'event', 'retries-exhausted', 'jobId', id, 'attemptsMade', made)
  end
  if holders[i] then
    unlocked[#unlocked + 1] = job .. ':lock'
  end
  unstalled[#unstalled + 1] = id
  counted[target] = counted[target] + 1
end

-- Ends the jobs and returns their codes.
local function settle()
  look_up()
  local codes, failures, ids = {}, {}, {}
  for i, item in ipairs(items) do
    codes[i], failures[i] = check(i)
    if codes[i] == 0 then
      ids[#ids + 1] = item[ID]
    end
  end
  local left, stay = leave_active(ids), { completed = {}, failed = {} }
  for i, item in ipairs(items) do
    if codes[i] == 0 and not left[item[ID]] then
      codes[i] = leave_wait(i)
    end
    if codes[i] == 0 and not item[COUNT] and not item[AGE] then
      table.insert(stay[item[TARGET]], item[ID])
    end
  end
  put_with_ended(stay.completed, 'completed')
  put_with_ended(stay.failed, 'failed')
  for i in ipairs(items) do
    if codes[i] == 0 then
      finish(i, failures[i])
    end
  end
  return codes
end

-- Counts ended jobs per minute. A minute's count is written once the next minute has begun.
local function count_ended(hash, points, ended_now)
  if ended_now == 0 then
    return
  end
  local most = tonumber(ARGV[9])
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

-- Trims the stream before this call writes to it, so that none of this call's events is cut off.
local most_events = call('HGET', meta, 'opts.maxLenEvents')
if not most_events then
  most_events = 10000
  call('HSET', meta, 'opts.maxLenEvents', most_events)
end
call('XTRIM', events, 'MAXLEN', '~', most_events)
-- If one of these keys holds another type, the script fails here, before it has changed any job.
call('ZCARD', ended.completed)
call('ZCARD', ended.failed)

local codes, kept = settle(), 0
for _, code in ipairs(codes) do
  -- A job that the caller must continue keeps its slot, so no new job may take it.
  if code == 1 or code == -4 or code == -9 then
    kept = kept + 1
  end
end
if #unstalled > 0 then
  call('SREM', stalled, unpack(unstalled))
end
if #unlocked > 0 then
  call('DEL', unpack(unlocked))
end
for target, keys in pairs(ARGV[9] == '' and {} or metrics) do
  count_ended(keys[1], keys[2], counted[target])
end

local wanted, next = tonumber(ARGV[5]), { {}, 0, 0, 0, 0, {} }
local most = math.max(wanted - kept, 0)
if most > 0 then
  next = claim(most)
elseif wanted > 0 then
  next[4] = 1
elseif call('HEXISTS', meta, 'concurrency') == 1 and call('HEXISTS', meta, 'paused') == 0
  and call('LLEN', wait) + call('ZCARD', prioritized) > 0 then
  -- These jobs woke no worker when they were added, because the queue's concurrency was used up.
  call('ZADD', marker, 0, '0')
end
local drained = #next[1] == 0 and next[2] == 0 and next[3] == 0 and counted.completed + counted.failed > 0
if drained and (most == 0 or call('HEXISTS', meta, 'paused') == 0) and call('LLEN', wait) == 0
  and call('LLEN', active) == 0 and call('ZCARD', prioritized) == 0 then
  call('XADD', events, '*', 'event', 'drained')
end
return { codes, next }
