import { createHash } from 'node:crypto';
import type { Algorithm } from './store.js';

export interface Script {
  readonly text: string;
  readonly sha: string;
}

const script = (text: string): Script => ({ text, sha: createHash('sha1').update(text).digest('hex') });

/**
 * Both algorithms are functions of the client's key, the window in microseconds, limit, cost and the time, which give whether it is allowed
 * (1 or 0), what remains, and the wait in milliseconds.
 *
 * The log is a list of times, one element a hit, oldest first: two hits in one microsecond are two elements, where a sorted set would
 * need a unique member for each and more than half as much memory again (docs/decisions/0004). Evict, count, compare, then add. A server clock
 * that went back makes what is ahead of it count as of now: nobody gets more than the limit, and nobody waits longer than a window.
 */
const slidingLog = `
local function decide(key, window, limit, cost, now)
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
    return 0, math.max(0, limit - count), math.ceil((leaves - now) / 1000)
  end
  for _ = 1, cost do redis.call('RPUSH', key, now) end
  redis.call('PEXPIRE', key, math.ceil(window / 1000))
  return 1, -excess, math.ceil(((oldest or now) + window - now) / 1000)
end
`;

/** `Gcra` in Lua, in the same whole microseconds. A debt of more than a window is one of a server clock that went back: it is cut. */
const gcra = `
local function decide(key, window, limit, cost, now)
  local interval = math.ceil(window / limit)
  local capacity = interval * limit
  local owed = math.max(0, tonumber(redis.call('GET', key) or 0) - now)
  if owed > capacity then
    owed = capacity
    redis.call('SET', key, now + owed, 'PX', math.ceil(owed / 1000))
  end
  local total = owed + cost * interval
  if total > capacity then
    return 0, math.floor((capacity - owed) / interval), math.ceil((total - capacity) / 1000)
  end
  redis.call('SET', key, now + total, 'PX', math.ceil(total / 1000))
  local used = math.ceil(total / interval)
  return 1, limit - used, math.ceil((total - (used - 1) * interval) / 1000)
end
`;

export const algorithms: Readonly<Record<Algorithm, string>> = { 'sliding-log': slidingLog, gcra };

/**
 * Decides about each of KEYS, in their order, so that one that comes twice is counted twice. ARGV: the time in microseconds, or nothing for
 * that of Redis, so the clocks of the replicas do not matter; then window in microseconds, limit and cost of each. Gives three numbers for each.
 */
const forAll = (algorithm: string): Script =>
  script(`${algorithm}
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local answers = {}
for index, key in ipairs(KEYS) do
  local at = 3 * index
  local limit = tonumber(ARGV[at])
  answers[at - 2], answers[at - 1], answers[at] =
    decide(key, tonumber(ARGV[at - 1]), limit, math.min(tonumber(ARGV[at + 1]), limit), now)
end
return answers
`);

export const scripts: Readonly<Record<Algorithm, Script>> = { 'sliding-log': forAll(slidingLog), gcra: forAll(gcra) };

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
