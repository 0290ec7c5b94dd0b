import { createHash } from 'node:crypto';
import type { Algorithm } from './store.js';

export interface Script {
  readonly text: string;
  readonly sha: string;
}

const script = (text: string): Script => ({ text, sha: createHash('sha1').update(text).digest('hex') });

/**
 * KEYS[1] the client's key; ARGV window in microseconds, limit, cost. Time is that of Redis, so the clocks of the replicas do not matter.
 * ARGV[4] replaces it in tests.
 */
const preamble = `
local key, window, limit = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local cost = math.min(tonumber(ARGV[3]), limit)
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
`;

/**
 * The log is a list of times, one element a hit, oldest first: two hits in one microsecond are two elements, where a sorted set would
 * need a unique member for each and more than half as much memory again (docs/decisions/0004). Evict, count, compare, then add. A server clock
 * that went back makes what is ahead of it count as of now: nobody gets more than the limit, and nobody waits longer than a window.
 */
const slidingLog = script(`${preamble}
local oldest = tonumber(redis.call('LINDEX', key, 0) or nil)
local count = 0
if oldest then
  if tonumber(redis.call('LINDEX', key, -1)) > now then
    local times = redis.call('LRANGE', key, 0, -1)
    redis.call('DEL', key)
    for _, at in ipairs(times) do redis.call('RPUSH', key, math.min(tonumber(at), now)) end
    redis.call('PEXPIRE', key, math.ceil(window / 1000))
    oldest = math.min(oldest, now)
  end
  while oldest and oldest <= now - window do
    redis.call('LPOP', key)
    oldest = tonumber(redis.call('LINDEX', key, 0) or nil)
  end
  if oldest then count = redis.call('LLEN', key) end
end
local excess = count + cost - limit
if excess > 0 then
  local leaves = tonumber(redis.call('LINDEX', key, excess - 1)) + window
  return {0, math.max(0, limit - count), math.ceil((leaves - now) / 1000)}
end
for _ = 1, cost do redis.call('RPUSH', key, now) end
redis.call('PEXPIRE', key, math.ceil(window / 1000))
return {1, -excess, math.ceil(((oldest or now) + window - now) / 1000)}
`);

/** `Gcra` in Lua, in the same whole microseconds. A debt of more than a window is one of a server clock that went back: it is cut. */
const gcra = script(`${preamble}
local interval = math.ceil(window / limit)
local capacity = interval * limit
local owed = math.max(0, tonumber(redis.call('GET', key) or 0) - now)
if owed > capacity then
  owed = capacity
  redis.call('SET', key, now + owed, 'PX', math.ceil(owed / 1000))
end
local total = owed + cost * interval
if total > capacity then
  return {0, math.floor((capacity - owed) / interval), math.ceil((total - capacity) / 1000)}
end
redis.call('SET', key, now + total, 'PX', math.ceil(total / 1000))
local used = math.ceil(total / interval)
return {1, limit - used, math.ceil((total - (used - 1) * interval) / 1000)}
`);

export const scripts: Readonly<Record<Algorithm, Script>> = { 'sliding-log': slidingLog, gcra };

/**
 * KEYS[1] the fleet's key; ARGV this replica's name, its level (0 to 3), and after how many milliseconds of silence a replica is gone.
 * Answers the lower median of those that are there.
 */
export const fleetLevel = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local levels = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local level, at = string.match(all[i + 1], '(%d):(%d+)')
  if tonumber(at) < now - tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], all[i]) else levels[#levels + 1] = tonumber(level) end
end
table.sort(levels)
return levels[math.ceil(#levels / 2)]
`);
