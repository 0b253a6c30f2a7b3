-- The list in which a queue's jobs wait. Every script that adds waiting jobs starts with these functions.
--
-- While a queue is paused, BullMQ before version 6 keeps its waiting jobs in the list `paused`: on pause it renames
-- `wait` to `paused`, on resume it renames `paused` to `wait`. Such a rename deletes an existing list with the new
-- name, so jobs are lost if both lists exist. Version 6 leaves all jobs in `wait`, and on resume moves the jobs of
-- `paused` there.
-- So a script must never leave jobs in both lists. `queue` is the prefix of the queue's keys, with its colon.

-- The most jobs per command. Redis' Lua cannot pass many more arguments.
local MOVED_AT_ONCE = 5000

-- Moves the jobs of `wait` behind those of `paused`.
local function move_to_paused(queue)
  local wait, paused = queue .. 'wait', queue .. 'paused'
  if redis.call('EXISTS', wait) == 0 then
    return
  end
  if redis.call('EXISTS', paused) == 0 then
    redis.call('RENAME', wait, paused)
    return
  end
  -- Workers take jobs from the right end, so the oldest are there.
  local ids = redis.call('RPOP', wait, MOVED_AT_ONCE)
  while ids do
    redis.call('LPUSH', paused, unpack(ids))
    ids = redis.call('RPOP', wait, MOVED_AT_ONCE)
  end
end

-- The list for waiting jobs of a paused queue. Moves all waiting jobs into it. `paused` is safe with clients of any
-- version. But clients of version 6 only count `wait`. So this returns `wait` if no client of an earlier version was
-- seen: each client writes its version, and only earlier versions use `paused`.
local function list_of_paused(queue, version)
  local wait, paused = queue .. 'wait', queue .. 'paused'
  local major = version and tonumber(string.match(version, '^bullmq:(%d+)%.') or 0)
  if redis.call('EXISTS', paused) == 0
    and (major and major >= 6 or not major and redis.call('EXISTS', wait) == 1) then
    return wait
  end
  move_to_paused(queue)
  return paused
end

-- The list for jobs of any queue that can be claimed from now on.
local function waiting_list(queue)
  local meta = redis.call('HMGET', queue .. 'meta', 'paused', 'version')
  if meta[1] then
    return list_of_paused(queue, meta[2])
  end
  return queue .. 'wait'
end

-- Moves all waiting jobs of a queue into one list. If the queue is not paused, they can be claimed afterwards. A resume
-- of version 6 only moves some thousand jobs at a time.
local function tidy(queue)
  local meta = redis.call('HMGET', queue .. 'meta', 'paused', 'version')
  if meta[1] then
    list_of_paused(queue, meta[2])
    return
  end
  local ids = redis.call('LPOP', queue .. 'paused', MOVED_AT_ONCE)
  if ids then
    redis.call('ZADD', queue .. 'marker', 0, '0')
  end
  while ids do
    -- These go before the jobs of `wait`, which were added later.
    redis.call('RPUSH', queue .. 'wait', unpack(ids))
    ids = redis.call('LPOP', queue .. 'paused', MOVED_AT_ONCE)
  end
end
