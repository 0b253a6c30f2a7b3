-- Where the jobs of a queue wait. Every script that puts a job there starts with these functions.
--
-- While a queue is paused, BullMQ before version 6 keeps its waiting jobs in the list `paused`: on pause it renames `wait`
-- to `paused`, on resume it renames `paused` to `wait`. Such a rename deletes whatever had the new name, so a job is lost
-- if both lists exist. Version 6 leaves all jobs in `wait`, and moves those of `paused` there on resume.
-- So a script must never leave jobs in both lists. `queue` is the prefix of the queue's keys, with its colon.

-- Jobs that are moved with one command. Redis' Lua cannot pass many more arguments.
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
  -- Jobs are taken from the right end, so the oldest are there.
  local ids = redis.call('RPOP', wait, MOVED_AT_ONCE)
  while ids do
    redis.call('LPUSH', paused, unpack(ids))
    ids = redis.call('RPOP', wait, MOVED_AT_ONCE)
  end
end

-- The list for waiting jobs of a paused queue. Moves all of them into it. `paused` is safe with clients of any version; but
-- clients of version 6 count only `wait`, so that is used if no client of an earlier version has been seen: each client
-- writes its version, and only earlier ones use `paused`.
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

-- The list for a job of any queue that can be claimed from now on.
local function waiting_list(queue)
  local meta = redis.call('HMGET', queue .. 'meta', 'paused', 'version')
  if meta[1] then
    return list_of_paused(queue, meta[2])
  end
  return queue .. 'wait'
end

-- Leaves the waiting jobs of a queue in one list, and claimable if the queue is not paused: a resume of version 6 moves
-- only some thousand jobs at a time.
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
    -- Before those of `wait`, which came later.
    redis.call('RPUSH', queue .. 'wait', unpack(ids))
    ids = redis.call('LPOP', queue .. 'paused', MOVED_AT_ONCE)
  end
end
