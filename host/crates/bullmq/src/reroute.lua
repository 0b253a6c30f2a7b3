-- Comes between waiting.lua and one of BullMQ's own scripts, which only knows the list `wait`. Redirects pushes to and
-- removals from the `wait` list of any queue to the list that the queue's jobs wait in.
local call = redis.call
local PUSHES = { LPUSH = true, RPUSH = true }

local function queue_of(key)
  return string.sub(key, -5) == ':wait' and string.sub(key, 1, -5)
end

local redis = {
  error_reply = redis.error_reply,
  pcall = redis.pcall,
  call = function(command, key, ...)
    local queue = (PUSHES[command] or command == 'LREM') and queue_of(key)
    if not queue then
      return call(command, key, ...)
    end
    if PUSHES[command] then
      return call(command, waiting_list(queue), ...)
    end
    local removed = call('LREM', key, ...)
    return removed > 0 and removed or call('LREM', queue .. 'paused', ...)
  end,
}

