-- The generic cell rate algorithm (ITU-T I.371), by the server's clock, in microseconds.
--   KEYS[1]  the moment at which the client will have its whole quota again
--   ARGV[1]  the share of the time that one request takes up
--   ARGV[2]  the time in which the whole quota comes back
-- Returns how long the client has to wait; 0 if its request was counted.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local share, whole = tonumber(ARGV[1]), tonumber(ARGV[2])
local latest = now + whole
-- A clock that was set back must not lock a client out.
local full = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now), latest)
local after_this = full + share
if after_this > latest then
    return after_this - latest
end
redis.call('SET', KEYS[1], string.format('%.0f', after_this), 'PX', math.ceil((after_this - now) / 1000))
return 0
