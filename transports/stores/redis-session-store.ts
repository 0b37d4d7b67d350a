import { createHash, randomBytes } from 'node:crypto';
import type { ClientFacts, Principal } from '../../protocol/call.js';
import type { LogLevel } from '../../protocol/mcp.js';
import type { HandshakeRevision } from '../../protocol/versions.js';
import type { Door } from '../observer.js';
import type { Created, SessionLimits, SessionRecord, SessionSignal, SessionStore } from '../session-store.js';
import { type RedisConnection, RedisScript } from './redis-connection.js';
import { keysOf } from './redis-keys.js';

// Expired sessions leave the counts when somebody looks: nobody has to sweep.
const CREATE = new RedisScript(`
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ms)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ms)
if redis.call('EXISTS', KEYS[1]) == 1 then return 'taken' end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then return 'full' end
if ARGV[5] ~= '0' and redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[5]) then return 'principal full' end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], ms + ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[3], ms + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[3], 'GT')
if redis.call('PTTL', KEYS[3]) < 0 then redis.call('PEXPIRE', KEYS[3], ARGV[3]) end
return 'created'
`);

const TOUCH = new RedisScript(`
if redis.call('PEXPIRE', KEYS[1], ARGV[2]) == 0 then return 0 end
local now = redis.call('TIME')
local expires = now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[2]
redis.call('ZADD', KEYS[2], expires, ARGV[1])
redis.call('ZADD', KEYS[3], expires, ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[2], 'GT')
for i = 4, #KEYS do redis.call('PEXPIRE', KEYS[i], ARGV[2], 'GT') end
return 1
`);

const SAVE = new RedisScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL')
return 1
`);

const DELETE = new RedisScript(`
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
for i = 4, #KEYS do redis.call('DEL', KEYS[i]) end
return redis.call('DEL', KEYS[1])
`);

/** The sessions of all instances. Keys expire by themselves and hold no token. */
export class RedisSessionStore implements SessionStore {
  readonly isShared = true;
  readonly tag = randomBytes(3).toString('hex');
  readonly #redis: RedisConnection;
  readonly #unwatch = new Map<string, () => void>();

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  async create(record: SessionRecord, limits: SessionLimits, ttlMs: number): Promise<Created> {
    const perPrincipal = record.principal.isAnonymous ? 0 : limits.maxSessionsPerPrincipal;
    const args = [record.id, toJson(record), ttlMs, limits.maxSessions, perPrincipal];
    return (await this.#redis.run(CREATE, this.#keys(record).slice(0, 3), args)) as Created;
  }

  async get(id: string): Promise<SessionRecord | undefined> {
    const json = await this.#redis.command('GET', keysOf(this.#redis, id).record);
    return typeof json === 'string' ? fromJson(json) : undefined;
  }

  async save(record: SessionRecord): Promise<void> {
    await this.#redis.run(SAVE, [keysOf(this.#redis, record.id).record], [toJson(record)]);
    await this.signal(record.id, { kind: 'changed' });
  }

  async touch(record: SessionRecord, ttlMs: number): Promise<boolean> {
    return (await this.#redis.run(TOUCH, this.#keys(record), [record.id, ttlMs])) === 1;
  }

  async delete(record: SessionRecord): Promise<void> {
    await this.#redis.run(DELETE, this.#keys(record), [record.id]);
  }

  async count(): Promise<number> {
    const now = String(Date.now());
    return Number(await this.#redis.command('ZCOUNT', this.#redis.key('sessions'), now, '+inf'));
  }

  async signal(id: string, signal: SessionSignal): Promise<void> {
    await this.#redis.command(
      'PUBLISH',
      keysOf(this.#redis, id).channel,
      JSON.stringify({ ...signal, from: this.tag }),
    );
  }

  async watch(id: string, listener: (signal: SessionSignal) => void): Promise<void> {
    const unwatch = await this.#redis.watch(keysOf(this.#redis, id).channel, (message) => {
      // The same channel carries the session's events, which begin with another letter.
      if (!message.startsWith('{')) return;
      const signal = JSON.parse(message) as SessionSignal & { from: string };
      if (signal.from !== this.tag) listener(signal);
    });
    this.#unwatch.get(id)?.();
    this.#unwatch.set(id, unwatch);
  }

  unwatch(id: string): void {
    this.#unwatch.get(id)?.();
    this.#unwatch.delete(id);
  }

  #keys({ id, principal }: SessionRecord): string[] {
    const { record, events, meta, calls } = keysOf(this.#redis, id);
    // Principals may be long and are nobody's business here.
    const digest = createHash('sha256').update(principal.id).digest('base64url').slice(0, 22);
    return [record, this.#redis.key('sessions'), this.#redis.key('sessions', digest), events, meta, calls];
  }
}

interface StoredSession {
  readonly id: string;
  readonly door: Door;
  readonly principal: { readonly id: string; readonly isAnonymous: boolean };
  readonly revision: HandshakeRevision;
  readonly client: ClientFacts;
  readonly isInitialized: boolean;
  readonly logLevel: LogLevel;
  readonly subscriptions: readonly string[];
  readonly hasMainStream: boolean;
  readonly mainCursor: string;
}

function toJson(record: SessionRecord): string {
  const { id, door, principal, revision, client, isInitialized, logLevel, subscriptions, hasMainStream } = record;
  const stored: StoredSession = {
    id,
    door,
    principal: { id: principal.id, isAnonymous: principal.isAnonymous },
    revision,
    client,
    isInitialized,
    logLevel,
    subscriptions: [...subscriptions],
    hasMainStream,
    mainCursor: record.mainCursor,
  };
  return JSON.stringify(stored);
}

function fromJson(json: string): SessionRecord {
  const stored = JSON.parse(json) as StoredSession;
  const principal: Principal = stored.principal;
  return { ...stored, principal, subscriptions: new Set(stored.subscriptions) };
}
