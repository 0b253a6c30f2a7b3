-- Claims jobs of one queue. Every script of batch.rs begins with waiting.lua and this file. settle.lua and regain.lua
-- come after it. Each claimed job gets the same data as from BullMQ's own workers.
--
-- KEYS: 1 wait, 2 active, 3 prioritized, 4 events, 5 stalled, 6 limiter, 7 delayed, 8 meta, 9 pc, 10 marker.
-- ARGV: 1 prefix of the queue's keys, 2 now (ms), 3 lock duration (ms), 4 lock token, 5 how many jobs at most,
--       6 and 7 the worker's own rate limit: how many jobs in how long (ms), or '' and '', 8 the worker's name, or ''.
local call, try = redis.call, redis.pcall
local wait, active, prioritized, events, stalled = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local limiter, delayed, meta, pc, marker = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local prefix, now = ARGV[1], tonumber(ARGV[2])

-- The most list entries that one call inspects. Invalid entries in the lists thus cannot block Redis for long.
local MOST_ENTRIES = 1000
-- The limiter's value when a client has rate limited the queue by hand.
local BY_HAND = 9007199254740991
-- Data of this many bytes is returned as a separate string. Lua hashes every string completely, so packing it into a
-- larger string would hash it again.
local LONG = 4096

-- The key that marks a claim as given up by its worker (regain.lua). A late call with this token must not lock jobs
-- that nobody would run.
local function given_up(token)
  return prefix .. 'given-up:' .. token
end

-- Jobs that were taken from the queue's lists but cannot be started, each with the reason.
local unusable = {}

-- Whether this answer of `try` is the error that the key holds another type. Commands on the keys of a single job use
-- `try`: an error would abort the script here, and every job that it has already taken from `wait` would be lost.
local function is_other_type(answer)
  local failed = type(answer) == 'table' and answer.err
  if failed and not string.find(failed, 'WRONGTYPE', 1, true) then
    error(failed)
  end
  return failed
end

-- Promotes delayed jobs that are due to `list`, or to the prioritized jobs if they have a priority. `open`: whether to
-- wake workers.
local function promote(list, open)
  -- A score is the time, shifted left by 12 bits. These bits keep the order of jobs that are due in the same
  -- millisecond.
  local due = call('ZRANGEBYSCORE', delayed, 0, (now + 1) * 4096 - 1, 'LIMIT', 0, 1000)
  if #due == 0 then
    return
  end
  call('ZREM', delayed, unpack(due))
  for _, id in ipairs(due) do
    local job = prefix .. id
    local found = try('HMGET', job, 'priority', 'name')
    if found.err and is_other_type(found) then
      unusable[#unusable + 1] = { id, 'its key holds no hash' }
    elseif found[1] or found[2] then -- else it was removed
      local priority = tonumber(found[1]) or 0
      if priority == 0 then
        call('LPUSH', list, id)
      else
        call('ZADD', prioritized, priority * 4294967296 + call('INCR', pc) % 4294967296, id)
      end
      call('XADD', events, '*', 'event', 'waiting', 'jobId', id, 'prev', 'delayed')
      call('HSET', job, 'delay', 0)
    end
  end
  if open then
    call('ZADD', marker, 0, '0')
  end
end

-- Returns for how long no job may be started (ms). If the limit allows a job now, also returns how many.
local function limit(max)
  local used = tonumber(call('GET', limiter)) or 0
  if used < max then
    return 0, max - used
  end
  local left = call('PTTL', limiter)
  if left == 0 then
    call('DEL', limiter)
  end
  return math.max(left, 0), max
end

-- Returns the fields of a job's hash as a flat list, the index of the job's data in it, how often the job was started,
-- and why it has failed already. Returns nil and the reason if there is no such job.
local function read(job)
  local fields = try('HGETALL', job)
  if fields.err and is_other_type(fields) then
    return nil, 'its key holds no hash'
  end
  local there, data, started, failed = false, nil, nil, nil
  for i = 1, #fields, 2 do
    local name = fields[i]
    if name == 'data' then
      there, data = true, i + 1
    elseif name == 'timestamp' or name == 'name' or name == 'opts' then
      there = true
    elseif name == 'ats' then
      started = fields[i + 1]
    elseif name == 'defa' then
      failed = fields[i + 1]
    end
  end
  if there then
    return fields, data, tonumber(started) or 0, failed
  end
  return nil, #fields == 0 and 'its hash is missing' or 'its hash has neither a name nor data'
end

-- Packs a job for the answer: its id, the end of its token, how often it was started and its fields. One packed string
-- costs both sides less than many replies. Long data is a second string.
local function tell(id, nth, started, fields, data)
  local long = data and #fields[data] >= LONG and fields[data]
  if not long then
    return cmsgpack.pack(id, nth, started, fields)
  end
  fields[data] = ''
  return { cmsgpack.pack(id, nth, started, fields), long }
end

-- Locks a job and marks it as started. Returns its packed fields, and the reason if it has failed already. Returns nil
-- if it cannot be started.
local function start(id, nth)
  local job = prefix .. id
  local fields, data, started, failed = read(job)
  if not fields then
    unusable[#unusable + 1] = { id, data }
    return nil
  end
  started = started + 1
  call('PSETEX', job .. ':lock', ARGV[3], ARGV[4] .. ':' .. nth)
  call('XADD', events, '*', 'event', 'active', 'jobId', id, 'prev', 'waiting')
  if ARGV[8] == '' then
    call('HSET', job, 'processedOn', ARGV[2], 'ats', started)
  else
    call('HSET', job, 'processedOn', ARGV[2], 'ats', started, 'pb', ARGV[8])
  end
  return tell(id, nth, started, fields, data), failed
end

-- When the next delayed job is due (ms since the epoch), or 0.
local function next_due()
  local first = call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
  return first and math.floor(tonumber(first) / 4096) or 0
end

-- Claims up to `most` jobs. Returns: the jobs; for how long the queue is rate limited (ms, or 0); when the next delayed
-- job is due (ms since the epoch, or 0); 1 if there may be more to claim immediately; 1 if the queue's global
-- concurrency is used up; the jobs that cannot be started.
local function claim(most)
  if call('EXISTS', given_up(ARGV[4])) == 1 then
    return { {}, 0, 0, 0, 0, {} }
  end
  local state = call('HMGET', meta, 'paused', 'concurrency', 'max', 'duration')
  local room, paused, full = most, state[1], false
  if not paused and state[2] then
    room = math.min(room, tonumber(state[2]) - call('LLEN', active))
    full = room <= 0
  end
  local open = not paused and not full
  promote(paused and list_of_paused(prefix, call('HGET', meta, 'version')) or wait, open)
  local max = tonumber(state[3]) or tonumber(ARGV[6])
  local duration = tonumber(ARGV[7]) or tonumber(state[4])
  local limited, left = limit(max or BY_HAND)
  if limited > 0 or not open then
    return { {}, limited, next_due(), 0, full and 1 or 0, unusable }
  end
  room = math.min(room, left)

  local jobs, ids, counted, looked = {}, {}, 0, 0
  local function take(id)
    looked = looked + 1
    if string.sub(id, 1, 2) == '0:' then -- a marker of BullMQ before version 5
      return
    end
    local claimed, failed = start(id, #jobs + 1)
    if claimed then
      jobs[#jobs + 1] = claimed
      ids[#ids + 1] = id
      if not failed then -- a job that has failed already does not count against the rate limit
        counted = counted + 1
      end
    end
  end
  while #jobs < room and looked < MOST_ENTRIES do
    local next = call('RPOP', wait, room - #jobs)
    if not next then
      break
    end
    for _, id in ipairs(next) do
      take(id)
    end
  end
  while #jobs < room and looked < MOST_ENTRIES do
    local wanted = room - #jobs
    local next = call('ZPOPMIN', prioritized, wanted)
    for i = 1, #next, 2 do
      take(next[i])
    end
    if #next < 2 * wanted then
      call('DEL', pc)
      break
    end
  end
  if #ids > 0 then
    call('LPUSH', active, unpack(ids))
    call('ZADD', marker, 0, '0')
  end
  if max and counted > 0 and call('INCRBY', limiter, counted) == counted and duration then
    call('PEXPIRE', limiter, math.floor(math.abs(duration)))
  end

  if #jobs == most or looked >= MOST_ENTRIES then
    return { jobs, 0, 0, 1, 0, unusable }
  end
  limited = max and counted >= left and limit(max) or 0
  full = limited == 0 and #jobs == room
  return { jobs, limited, next_due(), 0, full and 1 or 0, unusable }
end
