-- Finds the jobs of claims whose answers were lost. It comes after claim.lua, and returns the same as `claim`.
--
-- ARGV, from 9: the tokens of those claims. The tokens of their jobs begin with argument 4.
-- A late claim may still be on its way to Redis. The mark stops it, and lasts longer than any request can be on its
-- way.
local LATE = 60 * 60 * 1000
local lost = {}
for at = 9, #ARGV do
  lost[ARGV[at]] = true
  call('SET', given_up(ARGV[at]), '', 'PX', LATE)
end
local jobs = {}
for _, id in ipairs(call('LRANGE', active, 0, -1)) do
  local token = try('GET', prefix .. id .. ':lock')
  local of = token and not is_other_type(token) and string.match(token, '^(.*):%d+$')
  if of and lost[of] then
    local fields, data, started = read(prefix .. id)
    if fields then
      jobs[#jobs + 1] = tell(id, string.sub(token, #ARGV[4] + 2), started, fields, data)
    end
  end
end
return { jobs, 0, 0, 1, 0, {} }
