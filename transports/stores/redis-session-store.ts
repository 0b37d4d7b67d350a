import { createHash } from 'node:crypto';
import type { Response } from '../../protocol/json-rpc.js';
import { START } from '../event-log.js';
import { unavailable } from '../http.js';
import type { CloseReason } from '../observer.js';
import type {
  Carriage,
  Created,
  KeptSession,
  SessionLimits,
  SessionRecord,
  SessionSignal,
  SessionStore,
} from '../session-store.js';
import type { RedisConnection } from './redis-connection.js';
import { RedisFeed } from './redis-feed.js';
import type { RedisInstances } from './redis-instances.js';
import { keysOf } from './redis-keys.js';
import {
  ANNOUNCE,
  CARRIED,
  CARRY,
  COUNT,
  CREATE,
  DELETE,
  LIST,
  LOAD,
  RESTORE,
  SAVE,
  TOUCH,
} from './redis-session-scripts.js';
import {
  changeOf,
  changesSince,
  frameOf,
  fromStored,
  snapshotOf,
  toJson,
  wishesOf,
  type Snapshot,
} from './stored-session.js';

/** How long what is kept for all instances may be. */
const MAX_KEPT_CHARS = 4096;
/** How long is remembered that a session was ended, and what is undone that nobody knows the outcome of. */
const GRAVE_MS = 600_000;
const UNDO_MS = 60_000;

/** The feed of what is said to an instance that cannot be named. */
const TO_ALL = 'in';

type Listener = (signal: SessionSignal) => void;

interface Watched {
  readonly listener: Listener;
  readonly unwatch: () => void;
  /** What the store knows of it, as far as this instance has heard. */
  known: Snapshot;
}

/** The sessions of all instances. Keys expire by themselves and hold no token. */
export class RedisSessionStore implements SessionStore {
  readonly isShared = true;
  readonly #redis: RedisConnection;
  readonly #instances: RedisInstances;
  /** What is said to this instance. */
  readonly #inbox: RedisFeed;
  /** What is said to one that cannot be named. */
  readonly #toAll: RedisFeed;
  readonly #watched = new Map<string, Watched>();
  #check: (id?: string) => Promise<boolean> = () => Promise.resolve(false);

  constructor(redis: RedisConnection, instances: RedisInstances) {
    this.#redis = redis;
    this.#instances = instances;
    this.#inbox = new RedisFeed(redis, this.#inboxOf(instances.id), (entry) => this.#receive(entry));
    this.#toAll = new RedisFeed(redis, TO_ALL, (entry) => this.#receive(entry));
  }

  get tag(): string {
    return this.#instances.id;
  }

  get isAway(): boolean {
    return !this.#redis.isReady;
  }

  /** Begins to hear what others say to this instance. @throws HttpError 503 when the store does not answer */
  async start(): Promise<void> {
    await Promise.all([this.#inbox.start(), this.#toAll.start()]);
  }

  async create(record: SessionRecord, limits: SessionLimits, ttlMs: number): Promise<Created> {
    const { meta } = keysOf(this.#redis, record.id);
    const perPrincipal = record.principal.isAnonymous ? 0 : limits.maxSessionsPerPrincipal;
    const carrier = record.isCarrier ? this.tag : '';
    const args = [record.id, toJson(record), ttlMs, limits.maxSessions, perPrincipal, carrier];
    try {
      return (await this.#redis.run(CREATE, [...this.#counted(record), meta], args)) as Created;
    } catch (error) {
      // Whether it was made cannot be told; nobody will ever use it.
      this.#redis.insist(() => this.delete(record, 'shutdown'), UNDO_MS).catch(() => undefined);
      throw error;
    }
  }

  async get(id: string): Promise<KeptSession | undefined> {
    const { record: key, wishes, meta } = keysOf(this.#redis, id);
    const found = (await this.#redis.run(LOAD, [key, wishes, meta], [])) as
      [string, string[], (string | null)[], number] | null;
    if (found === null) return undefined;
    const [json, kept, [carrier, cursor], expiresInMs] = found;
    const record = fromStored(json, kept, {
      hasMainStream: carrier != null,
      isCarrier: carrier === this.tag,
      mainCursor: cursor ?? START,
    });
    return { record, expiresInMs };
  }

  async save(record: SessionRecord): Promise<void> {
    const { record: key, wishes, channel } = keysOf(this.#redis, record.id);
    const watched = this.#watched.get(record.id);
    const now = snapshotOf(record);
    const changes = changesSince(watched?.known, now);
    if (changes === undefined) return;
    const signal = this.#signed({ kind: 'changed', change: changeOf(changes) });
    const frame = changes.frame === undefined ? '' : toJson(record);
    await this.#redis.run(SAVE, [key, wishes], [frame, channel, signal, ...changes.wishes.flat()]);
    if (watched !== undefined) watched.known = now;
  }

  touch(record: SessionRecord, ttlMs: number): Promise<boolean> {
    return this.#touch(record, ttlMs, '');
  }

  async detached(record: SessionRecord, ttlMs: number): Promise<void> {
    await this.#touch(record, ttlMs, this.tag);
  }

  async delete(record: SessionRecord, reason: CloseReason): Promise<number | undefined> {
    const { wishes, events, meta, calls, grave, channel } = keysOf(this.#redis, record.id);
    const keys = [...this.#counted(record), grave, wishes, events, meta, calls];
    const signal = this.#signed({ kind: 'closed', reason });
    const carrier = reason === 'stream lost' ? this.tag : '';
    const heard = Number(await this.#redis.run(DELETE, keys, [record.id, GRAVE_MS, channel, signal, carrier]));
    if (heard === -2) return undefined;
    return Math.max(0, this.#watched.has(record.id) ? heard - 1 : heard);
  }

  async restore(record: SessionRecord, ttlMs: number): Promise<boolean> {
    const { grave, wishes, meta, events } = keysOf(this.#redis, record.id);
    const args = [record.id, toJson(record), ttlMs, record.principal.isAnonymous ? 0 : 1, ...wishesOf(record).flat()];
    return (await this.#redis.run(RESTORE, [...this.#counted(record), grave, wishes, meta, events], args)) !== 'ended';
  }

  async count(): Promise<number> {
    return Number(await this.#redis.run(COUNT, [this.#redis.key('sessions')], []));
  }

  /** Those that are kept longest from now, of all instances, also those that none holds in memory. */
  async list(limit: number): Promise<KeptSession[]> {
    const rows = (await this.#redis.run(LIST, [this.#redis.key('sessions')], [this.#redis.prefix, limit])) as string[];
    return Array.from({ length: rows.length / 3 }, (_, n) => {
      const [json = '', expiresInMs = '', carrier = ''] = rows.slice(3 * n, 3 * n + 3);
      const carriage = { hasMainStream: carrier !== '', isCarrier: carrier === this.tag, mainCursor: START };
      return { record: fromStored(json, [], carriage), expiresInMs: Number(expiresInMs) };
    });
  }

  async carry(record: SessionRecord): Promise<Carriage> {
    const { record: key, meta, channel } = keysOf(this.#redis, record.id);
    const before = (await this.#redis.run(CARRY, [key, meta], [this.tag, channel, GRAVE_MS])) as string[] | null;
    const [carrier = '', cursor = START, turn = '0'] = before ?? [];
    const isElsewhere = carrier !== '' && carrier !== this.tag && (await this.#instances.isThere(carrier));
    return { cursor, isElsewhere, turn: Number(turn) };
  }

  async announce(record: SessionRecord, stream: string): Promise<number> {
    const { record: key, meta, channel } = keysOf(this.#redis, record.id);
    return Number(await this.#redis.run(ANNOUNCE, [key, meta], [this.tag, channel, stream]));
  }

  async carried(record: SessionRecord, isTold: boolean): Promise<void> {
    const { meta, channel } = keysOf(this.#redis, record.id);
    const signal = isTold ? this.#signed({ kind: 'left', cursor: record.mainCursor }) : '';
    await this.#redis.run(CARRIED, [meta], [record.mainCursor, channel, signal]);
  }

  async signal(id: string, signal: SessionSignal): Promise<void> {
    // Who runs the call may not be listening just then, and nobody knows who does.
    if (signal.kind === 'cancel' && this.#isShort(signal)) return this.#keep(TO_ALL, id, signal);
    await this.#redis.command('PUBLISH', keysOf(this.#redis, id).channel, this.#signed(signal));
  }

  async deliver(id: string, instance: string, response: Response): Promise<void> {
    if (!/^[a-z0-9]{8}$/.test(instance)) return;
    // Names come from clients: no key is made of one that is not listed. Who has only just come (back) is not yet.
    const isListed = await this.#instances.isThere(instance);
    const signal = { kind: 'answer', response } as const;
    if (!isListed && !this.#isShort(signal))
      throw unavailable('store', 'The instance that asked is not there just now');
    await this.#keep(isListed ? this.#inboxOf(instance) : TO_ALL, id, signal);
  }

  async watch(record: SessionRecord, listener: Listener): Promise<void> {
    const unwatch = await this.#redis.watch(keysOf(this.#redis, record.id).channel, (message) => {
      // The same channel carries the session's events, which begin with another letter.
      if (message.startsWith('{')) this.#hear(record.id, message);
    });
    this.#watched.get(record.id)?.unwatch();
    this.#watched.set(record.id, { listener, unwatch, known: snapshotOf(record) });
  }

  unwatch(id: string): void {
    this.#watched.get(id)?.unwatch();
    this.#watched.delete(id);
  }

  onDoubt(check: (id?: string) => Promise<boolean>): void {
    this.#check = check;
  }

  /** Has all sessions looked at that this instance holds, or one. @returns false for one that is over */
  doubt(id?: string): Promise<boolean> {
    return this.#check(id);
  }

  async #touch(record: SessionRecord, ttlMs: number, carrier: string): Promise<boolean> {
    const { wishes, meta, calls } = keysOf(this.#redis, record.id);
    const keys = [...this.#counted(record), wishes, meta, calls];
    const args = [record.id, ttlMs, record.principal.isAnonymous ? 0 : 1, carrier];
    return (await this.#redis.run(TOUCH, keys, args)) === 1;
  }

  #hear(id: string, message: string): void {
    const watched = this.#watched.get(id);
    const { from, ...signal } = JSON.parse(message) as SessionSignal & { from: string };
    if (watched === undefined || from === this.tag) return;
    if (signal.kind === 'changed') {
      const { frame, logLevel, subscribed, unsubscribed } = signal.change;
      const subscriptions = new Set([...watched.known.subscriptions, ...subscribed]);
      for (const uri of unsubscribed) subscriptions.delete(uri);
      const { known } = watched;
      watched.known = {
        frame: frame === undefined ? known.frame : frameOf(frame),
        logLevel: logLevel ?? known.logLevel,
        subscriptions,
      };
    }
    watched.listener(signal);
  }

  #receive(entry: string): void {
    const at = entry.indexOf(' ');
    this.#hear(entry.slice(0, at), entry.slice(at + 1));
  }

  // Many are kept for all together, and one session must not fill the store with them.
  #isShort(signal: SessionSignal): boolean {
    return this.#signed(signal).length <= MAX_KEPT_CHARS;
  }

  #keep(feed: string, id: string, signal: SessionSignal): Promise<void> {
    return RedisFeed.append(this.#redis, feed, `${id} ${this.#signed(signal)}`);
  }

  #signed(signal: SessionSignal): string {
    return JSON.stringify({ ...signal, from: this.tag });
  }

  // Where a session is, and where it is counted. Principals may be long and are nobody's business here.
  #counted({ id, principal }: SessionRecord): string[] {
    const digest = createHash('sha256').update(principal.id).digest('base64url').slice(0, 22);
    return [keysOf(this.#redis, id).record, this.#redis.key('sessions'), this.#redis.key('sessions', digest)];
  }

  #inboxOf(instance: string): string {
    return `in:${instance}`;
  }
}
