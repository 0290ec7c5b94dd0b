import { createHash } from 'node:crypto';

/** A Lua script and the SHA-1 under which Redis keeps it. */
export interface Script {
  readonly sha: string;
  readonly source: string;
}

/** Redis 7 lets a script declare that it runs although memory is full; older servers do not know the line. */
const whenFull = '#!lua flags=allow-oom\n';

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/**
 * KEYS[1] is the clock of the namespace: a hash with the incarnation `inc`, a random word that dies with the data it was made for,
 * and `seq`, which counts invalidations. A generation holds two sequence numbers, of the newest removal and of the newest
 * expiry of its name. An entry and a lease carry the incarnation and the sequence as of which they are true; a name whose
 * generation is unknown makes them untrue, so an evicted generation costs a load, never a stale answer.
 */
const generation = `
local function generation(name)
  local stored = redis.call('GET', ARGV[1] .. name)
  if not stored then return nil end
  local removed, expired = string.match(stored, '^(%d+) (%d+)$')
  return tonumber(removed), tonumber(expired)
end
`;

const standing = `${generation}
local function standing(names, since)
  local isExpired = false
  for name in string.gmatch(names, '[^,]+') do
    local removed, expired = generation(name)
    if not removed or removed > since then return 'removed' end
    if expired > since then isExpired = true end
  end
  return isExpired and 'expired' or 'current'
end
`;

/**
 * Reads an entry and, if there is nothing fresh and it is wanted, takes the lease: one round trip for a miss and its generations.
 * KEYS: clock, entry, lease. ARGV: generation prefix, format, names, lease token ('' for none), lease ms, generation ms,
 * want (0 value, 1 lease, 2 refresh, 3 reserve).
 * Gives state (0 missing, 1 fresh, 2 stale, 3 corrupt, 4 no clock), entry, fresh ms, usable ms, incarnation, sequence, lease state (0 none, 1 mine,
 * 2 another's).
 */
export const readScript = script(`${whenFull}
local inc, seq = unpack(redis.call('HMGET', KEYS[1], 'inc', 'seq'))
if not inc then return {4} end
local now, want = tonumber(seq), tonumber(ARGV[7])
${standing}
local state, fresh, usable = 0, 0, 0
local raw = redis.pcall('GET', KEYS[2])
if type(raw) == 'table' then
  redis.call('UNLINK', KEYS[2])
  raw, state = false, 3
elseif raw then
  local format, born, since, grace, names = string.match(raw, '^(%S+) (%S+) (%d+) (%d+) %d+ (%S*)\\n')
  local stand = format and born == inc and standing(names, tonumber(since)) or 'removed'
  if not format then state = 3 end
  if stand == 'removed' or format ~= ARGV[2] then
    if stand == 'removed' then redis.call('UNLINK', KEYS[2]) end
    raw = false
  else
    grace = tonumber(grace)
    usable = redis.call('PTTL', KEYS[2])
    if stand == 'expired' and usable > grace then
      usable = grace
      if grace == 0 then redis.call('UNLINK', KEYS[2]) else redis.call('PEXPIRE', KEYS[2], grace) end
    end
    fresh = usable - grace
    if usable <= 0 then raw = false elseif fresh > 0 then state = 1 else state = 2 end
  end
end
if want == 0 or (want == 1 and state == 1) then return {state, raw or '', fresh, usable, inc, now, 0} end
local newest = 0
for name in string.gmatch(ARGV[3], '[^,]+') do
  local removed, expired = generation(name)
  if not removed then
    removed, expired = now, 0
    redis.call('SET', ARGV[1] .. name, now .. ' 0', 'PX', ARGV[6])
  end
  newest = math.max(newest, removed, expired)
end
local lease = redis.call('GET', KEYS[3])
local born, since = string.match(lease or '', '^(%S+) (%d+) ')
if want < 3 and born == inc and tonumber(since) >= newest then return {state, raw or '', fresh, usable, inc, now, 2} end
redis.call('SET', KEYS[3], inc .. ' ' .. now .. ' ' .. ARGV[4], 'PX', ARGV[5])
return {state, raw or '', fresh, usable, inc, now, 1}
`);

/**
 * Stores a loaded value if the lease still stands and no name has moved. Refused by Redis itself when memory is full. A name that only the
 * value told may have no generation: it gets one, and unless nothing at all has been invalidated since the lease, which says that the
 * name has not either, only the value of the next load is stored.
 * KEYS: clock, entry, lease. ARGV: generation prefix, names, lease, incarnation, sequence, header, payload, life ms, generation ms.
 */
export const fillScript = script(`#!lua
if redis.call('GET', KEYS[3]) ~= ARGV[3] then return 0 end
redis.call('DEL', KEYS[3])
if redis.call('HGET', KEYS[1], 'inc') ~= ARGV[4] then return 0 end
local since, isCurrent = tonumber(ARGV[5]), 1
local now = redis.call('HGET', KEYS[1], 'seq')
${generation}
for name in string.gmatch(ARGV[2], '[^,]+') do
  local removed, expired = generation(name)
  if (removed or tonumber(now)) > since or (expired or 0) > since then isCurrent = 0 end
  if removed then redis.call('PEXPIRE', ARGV[1] .. name, ARGV[9])
  else redis.call('SET', ARGV[1] .. name, now .. ' 0', 'PX', ARGV[9]) end
end
if isCurrent == 1 then redis.call('SET', KEYS[2], ARGV[6] .. ARGV[7], 'PX', ARGV[8]) end
return isCurrent
`);

/** Without the fence: what most caches do. Only the tests that show why the fence matters use it. */
export const unfencedFillScript = script(`#!lua
for name in string.gmatch(ARGV[2], '[^,]+') do redis.call('SET', ARGV[1] .. name, '0 0', 'PX', ARGV[9]) end
redis.call('DEL', KEYS[3])
redis.call('SET', KEYS[2], ARGV[6] .. ARGV[7], 'PX', ARGV[8])
return 1
`);

/**
 * Stores without having read, and tells the others. With a lease: only if it still stands, else removes the entry.
 * KEYS: clock, entry, lease. ARGV: generation prefix, names, lease or '', format, rest of the header, payload, life ms,
 * generation ms, channel, message. Gives sequence and whether it was stored; sequence 0 when there is no clock.
 */
export const putScript = script(`#!lua
local inc = redis.call('HGET', KEYS[1], 'inc')
if not inc then return {0, 0} end
local stored = 0
if ARGV[3] == '' or redis.call('GET', KEYS[3]) == ARGV[3] then stored = 1 end
${generation}
local since = tonumber(string.match(ARGV[3], '^%S+ (%d+) ') or '-1')
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
for name in string.gmatch(ARGV[2], '[^,]+') do
  local removed, expired = generation(name)
  if since >= 0 and (not removed or removed > since or expired > since) then stored = 0 end
  if removed then redis.call('PEXPIRE', ARGV[1] .. name, ARGV[8])
  else redis.call('SET', ARGV[1] .. name, seq .. ' 0', 'PX', ARGV[8]) end
end
redis.call('DEL', KEYS[3])
if stored == 1 then
  redis.call('SET', KEYS[2], ARGV[4] .. ' ' .. inc .. ' ' .. seq .. ' ' .. ARGV[5] .. '\\n' .. ARGV[6], 'PX', ARGV[7])
else
  redis.call('UNLINK', KEYS[2])
end
redis.call('PUBLISH', ARGV[9], 'i ' .. inc .. ' ' .. seq .. ' ' .. ARGV[10])
return {seq, stored}
`);

/**
 * Ends entries, leases and generations, and tells the others, in one step. KEYS: clock, then entry and lease of each key.
 * ARGV: generation prefix, names, verb (r or e), generation ms, channel, message. Gives the sequence; 0 when there is no clock.
 */
export const invalidateScript = script(`${whenFull}
local inc = redis.call('HGET', KEYS[1], 'inc')
if not inc then return 0 end
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
${generation}
for name in string.gmatch(ARGV[2], '[^,]+') do
  local removed, expired = generation(name)
  if ARGV[3] == 'r' or not removed then removed = seq else expired = seq end
  redis.call('SET', ARGV[1] .. name, removed .. ' ' .. (expired or 0), 'PX', ARGV[4])
end
for i = 2, #KEYS, 2 do
  redis.call('DEL', KEYS[i + 1])
  local grace = 0
  if ARGV[3] == 'e' then
    grace = tonumber(string.match(redis.call('GETRANGE', KEYS[i], 0, 200), '^%S+ %S+ %d+ (%d+) ') or '0')
  end
  if grace == 0 then redis.call('UNLINK', KEYS[i])
  elseif redis.call('PTTL', KEYS[i]) > grace then redis.call('PEXPIRE', KEYS[i], grace) end
end
redis.call('PUBLISH', ARGV[5], 'i ' .. inc .. ' ' .. seq .. ' ' .. ARGV[6])
return seq
`);

/** Which of some entries have not ended; those that have are removed. KEYS: clock, entries. ARGV: generation prefix. Gives 1 or 0 for each. */
export const aliveScript = script(`${whenFull}
local inc = redis.call('HGET', KEYS[1], 'inc')
${standing}
local alive = {}
for i = 2, #KEYS do
  local header = redis.pcall('GETRANGE', KEYS[i], 0, 65535)
  local born, since, names = string.match(type(header) == 'string' and header or '', '^%S+ (%S+) (%d+) %d+ %d+ (%S*)\\n')
  alive[i - 1] = 1
  if header ~= '' and (born ~= inc or standing(names, tonumber(since)) == 'removed') then
    redis.call('UNLINK', KEYS[i])
    alive[i - 1] = 0
  end
end
return alive
`);

/** Gives a lease back. KEYS: lease. ARGV: lease. */
export const releaseScript = script(`${whenFull}
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`);

/**
 * Starts a new incarnation when the data is not what this server made: after a restart from an old snapshot, after a fail-over.
 * KEYS: clock. ARGV: the server's run id, a new incarnation, 1 to start it in any case.
 */
export const beginScript = script(`${whenFull}
local run, inc = unpack(redis.call('HMGET', KEYS[1], 'run', 'inc'))
if not inc or run ~= ARGV[1] or ARGV[3] == '1' then
  redis.call('HSET', KEYS[1], 'run', ARGV[1], 'inc', ARGV[2])
  redis.call('HSETNX', KEYS[1], 'seq', 0)
end
return redis.call('HMGET', KEYS[1], 'inc', 'seq')
`);

/** A sign of life that carries the newest sequence. KEYS: clock. ARGV: channel, sender and number. */
export const heartbeatScript = script(`${whenFull}
local inc, seq = unpack(redis.call('HMGET', KEYS[1], 'inc', 'seq'))
if not inc then return 0 end
redis.call('PUBLISH', ARGV[1], 'h ' .. inc .. ' ' .. seq .. ' ' .. ARGV[2])
return 1
`);
