// The ways to count that were weighed for docs/decisions/0004, as scripts for Redis with one calling convention: KEYS[1]; ARGV window (µs),
// limit, cost, and the time (µs) or nothing for the server's.
const preamble = `
local key, window, limit, cost = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = tonumber(ARGV[4])
if not now then local t = redis.call('TIME') now = t[1] * 1000000 + t[2] end
`;

/** An algorithm of ours, asked about one key. */
export const alone = (algorithm) => `${preamble}${algorithm}
return {decide(key, window, limit, math.min(cost, limit), now)}
`;

/** The textbook's sorted set: a unique member a hit. */
export const sortedSet = `${preamble}
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
local count = redis.call('ZCARD', key)
if count + cost > limit then
  local entry = redis.call('ZRANGE', key, count + cost - limit - 1, count + cost - limit - 1, 'WITHSCORES')
  return {0, math.max(0, limit - count), math.ceil((entry[2] + window - now) / 1000)}
end
local sequence = redis.call('INCR', 'sequence')
for i = 1, cost do redis.call('ZADD', key, now, sequence .. ':' .. i) end
redis.call('PEXPIRE', key, math.ceil(window / 1000))
local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
return {1, limit - count - cost, math.ceil((first[2] + window - now) / 1000)}
`;

/** Two buckets, the older one weighted by what is left of it. */
export const weightedCounter = `${preamble}
local slot = math.floor(now / window)
local counts = redis.call('HMGET', key, slot, slot - 1)
local share = 1 - (now % window) / window
local used = tonumber(counts[1] or 0) + math.floor(tonumber(counts[2] or 0) * share)
if used + cost > limit then return {0, math.max(0, limit - used), 0} end
redis.call('HINCRBY', key, slot, cost)
redis.call('HDEL', key, slot - 2)
redis.call('PEXPIRE', key, math.ceil(2 * window / 1000))
return {1, limit - used - cost, 0}
`;

/** A counter that begins again each window. */
export const fixedWindow = `${preamble}
local slot = key .. ':' .. math.floor(now / window)
local used = tonumber(redis.call('GET', slot) or 0)
if used + cost > limit then return {0, math.max(0, limit - used), 0} end
redis.call('INCRBY', slot, cost)
redis.call('PEXPIRE', slot, math.ceil(window / 1000))
return {1, limit - used - cost, 0}
`;
