import type { RequestId } from '../../protocol/json-rpc.js';
import { type EventKind, type EventLog, type LoggedEvent, StreamOverrun } from '../event-log.js';
import { HttpError } from '../http.js';
import { type RedisConnection, RedisScript } from './redis-connection.js';
import type { RedisInstances } from './redis-instances.js';
import { keysOf } from './redis-keys.js';
import type { Window } from './memory-event-log.js';

// One step for an event: once in spite of retries, counted, bounded, and announced with its text, so that a reader
// that keeps up never has to fetch. The newest event stays, whatever its size.
const APPEND = new RedisScript(`
if redis.call('EXISTS', KEYS[3]) == 0 then return -1 end
if tonumber(redis.call('HGET', KEYS[2], ARGV[4]) or '0') >= tonumber(ARGV[5]) then return 0 end
if ARGV[10] ~= '' and redis.call('HDEL', KEYS[4], ARGV[10]) == 0 and ARGV[11] == '1' then return 0 end
redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])
local seq = redis.call('HINCRBY', KEYS[2], 'l:' .. ARGV[1], 1)
redis.call('XADD', KEYS[1], '*', 't', ARGV[1], 's', seq, 'k', ARGV[3], 'd', ARGV[2])
local bytes = redis.call('HINCRBY', KEYS[2], 'bytes', #ARGV[2])
local count = redis.call('XLEN', KEYS[1])
while count > 1 and (count > tonumber(ARGV[6]) or bytes > tonumber(ARGV[7])) do
  local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  redis.call('HSET', KEYS[2], 'v:' .. first[2][2], first[2][4])
  bytes = redis.call('HINCRBY', KEYS[2], 'bytes', -#first[2][8])
  redis.call('XDEL', KEYS[1], first[1])
  count = count - 1
end
for i = 1, 2 do
  redis.call('PEXPIRE', KEYS[i], ARGV[8], 'GT')
  if redis.call('PTTL', KEYS[i]) < 0 then redis.call('PEXPIRE', KEYS[i], ARGV[8]) end
end
redis.call('PUBLISH', ARGV[9], 'e' .. ARGV[1] .. ' ' .. seq .. ' ' .. ARGV[3] .. ' ' .. ARGV[2])
return seq
`);

const CLOSE = new RedisScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'c:' .. ARGV[1], 1)
return redis.call('PUBLISH', ARGV[2], 'c' .. ARGV[1])
`);

const EXPECT = new RedisScript(`
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('HSETNX', KEYS[2], 'l:' .. ARGV[4], 0)
if redis.call('PTTL', KEYS[2]) < 0 then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
return 1
`);

export interface RedisLogOptions {
  readonly window: Window;
  /** How long the events of a session are kept after the last one. */
  readonly ttlMs: number;
  readonly instances: RedisInstances;
}

/** How many events a reader holds that it has not asked for yet; beyond that it fetches them at its own pace. */
const MAX_AHEAD = 100;
const PAGE = 200;

/** The event log of all instances. What could not be said while Redis was away is said when it is back, in order. */
export class RedisEventLog implements EventLog {
  readonly #redis: RedisConnection;
  readonly #options: RedisLogOptions;
  readonly #tails = new Map<string, Promise<void>>();
  readonly #readers = new Map<string, Set<Reader>>();
  #nonce = 0;

  constructor(redis: RedisConnection, options: RedisLogOptions) {
    this.#redis = redis;
    this.#options = options;
    redis.onReady(() => this.#lookAgain());
    options.instances.onDeath(() => void this.#buryAll());
  }

  append(session: string, stream: string, data: string, kind: EventKind, answers?: RequestId): Promise<void> {
    const owed = answers === undefined ? '' : owedField(stream, answers);
    return this.#inTurn(session, () => this.#append(session, stream, data, kind, owed, false));
  }

  async *follow(session: string, stream: string, after: string, signal: AbortSignal): AsyncGenerator<LoggedEvent> {
    const reader = new Reader(this.#redis, session, stream, Number(after), signal);
    const readers = this.#readers.get(session) ?? new Set();
    this.#readers.set(session, readers.add(reader));
    try {
      await reader.start();
      await this.#bury(session);
      yield* reader.read();
    } finally {
      reader.stop();
      readers.delete(reader);
      if (readers.size === 0) this.#readers.delete(session);
    }
  }

  async holds(session: string, stream: string, after: string): Promise<boolean> {
    const { last, evicted } = await readMarks(this.#redis, session, stream);
    return last !== undefined && evicted <= Number(after) && Number(after) <= last;
  }

  async close(session: string, stream: string): Promise<void> {
    const { meta, channel } = keysOf(this.#redis, session);
    await this.#inTurn(session, () => this.#redis.run(CLOSE, [meta], [stream, channel]));
  }

  async drop(session: string): Promise<void> {
    for (const reader of this.#readers.get(session) ?? []) reader.finish();
    await this.#tails.get(session);
  }

  /** Says that this instance owes a response. @returns false when one to that id is owed already */
  async expect(session: string, stream: string, id: RequestId): Promise<boolean> {
    const { calls, meta } = keysOf(this.#redis, session);
    const args = [owedField(stream, id), this.#options.instances.id, this.#options.ttlMs, stream];
    return (await this.#redis.run(EXPECT, [calls, meta], args)) === 1;
  }

  async release(session: string, stream: string, id: RequestId): Promise<void> {
    const { calls } = keysOf(this.#redis, session);
    await this.#inTurn(session, () => this.#redis.command('HDEL', calls, owedField(stream, id)));
  }

  async #append(
    session: string,
    stream: string,
    data: string,
    kind: EventKind,
    owed: string,
    onlyIfOwed: boolean,
    nonce = (this.#nonce += 1),
  ): Promise<void> {
    const { events, bytes } = this.#options.window;
    const { record, meta, calls, channel, events: key } = keysOf(this.#redis, session);
    const mark = `d:${this.#options.instances.id}`;
    const args = [
      stream,
      data,
      kind,
      mark,
      nonce,
      events,
      bytes,
      this.#options.ttlMs,
      channel,
      owed,
      onlyIfOwed ? 1 : 0,
    ];
    await this.#redis.run(APPEND, [key, meta, record, calls], args);
  }

  // One after the other within a session, and again until it is said: whether a lost reply was a lost event cannot be
  // told, but the mark it carries keeps it from being said twice.
  #inTurn(session: string, say: () => Promise<unknown>): Promise<void> {
    const turn = (this.#tails.get(session) ?? Promise.resolve()).then(() => this.#insist(say));
    this.#tails.set(session, turn);
    void turn.then(() => {
      if (this.#tails.get(session) === turn) this.#tails.delete(session);
    });
    return turn;
  }

  async #insist(say: () => Promise<unknown>): Promise<void> {
    const giveUpAt = performance.now() + this.#options.window.ms;
    while (performance.now() < giveUpAt) {
      try {
        await say();
        return;
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        await this.#untilBack();
      }
    }
  }

  #untilBack(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        stop();
        clearTimeout(timer);
        resolve();
      };
      const stop = this.#redis.onReady(done);
      const timer = setTimeout(done, 500);
    });
  }

  #lookAgain(): void {
    for (const readers of this.#readers.values()) for (const reader of readers) reader.lookAgain();
  }

  async #buryAll(): Promise<void> {
    for (const session of this.#readers.keys()) await this.#bury(session).catch(() => undefined);
  }

  // A call that died with its instance ends in one error, said by whoever first finds it.
  async #bury(session: string): Promise<void> {
    const { calls } = keysOf(this.#redis, session);
    const owed = (await this.#redis.command('HGETALL', calls)) as Record<string, string>;
    for (const [field, instance] of Object.entries(owed)) {
      if (await this.#options.instances.isAlive(instance)) continue;
      const [stream, id] = splitOwed(field);
      const data = `{"jsonrpc":"2.0","id":${id},"error":{"code":-32603,"message":"The server that ran this call is gone"}}`;
      await this.#inTurn(session, () => this.#append(session, stream, data, 'response', field, true));
      if (stream !== 'm') await this.close(session, stream);
    }
  }
}

/** One reader of one stream: what was announced, or what has to be fetched. */
class Reader {
  readonly #redis: RedisConnection;
  readonly #session: string;
  readonly #stream: string;
  readonly #signal: AbortSignal;
  #at: number;
  #ahead: (LoggedEvent & { readonly seq: number })[] = [];
  #mustFetch = true;
  #isFinished = false;
  #wake: () => void = () => undefined;
  #unwatch: (() => void) | undefined;

  constructor(redis: RedisConnection, session: string, stream: string, after: number, signal: AbortSignal) {
    this.#redis = redis;
    this.#session = session;
    this.#stream = stream;
    this.#at = after;
    this.#signal = signal;
  }

  async start(): Promise<void> {
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#unwatch = await this.#redis.watch(keysOf(this.#redis, this.#session).channel, (message) =>
      this.#hear(message),
    );
  }

  stop(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#unwatch?.();
  }

  /** No more will come: what is there is read, and then it is over. */
  finish(): void {
    this.#isFinished = true;
    this.#wake();
  }

  lookAgain(): void {
    this.#mustFetch = true;
    this.#wake();
  }

  async *read(): AsyncGenerator<LoggedEvent> {
    while (!this.#signal.aborted) {
      if (this.#mustFetch) yield* this.#fetch();
      const next = this.#ahead.shift();
      if (next === undefined) {
        if (this.#mustFetch) continue;
        if (this.#isFinished) return;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      } else if (next.seq === this.#at + 1) {
        yield next;
        this.#at = next.seq;
      } else if (next.seq > this.#at) {
        this.#mustFetch = true;
      }
    }
  }

  async *#fetch(): AsyncGenerator<LoggedEvent> {
    this.#mustFetch = false;
    this.#ahead = [];
    let from = '-';
    try {
      const { evicted, isClosed } = await readMarks(this.#redis, this.#session, this.#stream);
      if (evicted > this.#at) throw new StreamOverrun();
      for (;;) {
        const page = await this.#readPage(from);
        for (const { id, event, stream } of page) {
          from = `(${id}`;
          if (this.#signal.aborted) return;
          if (stream !== this.#stream || event.seq <= this.#at) continue;
          // The window moved on while it was being read.
          if (event.seq > this.#at + 1) throw new StreamOverrun();
          yield event;
          this.#at = event.seq;
        }
        if (page.length < PAGE) break;
      }
      if (isClosed) this.#isFinished = true;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      // Redis is away: the stream stays open, and is looked at again when it is back.
      this.#mustFetch = true;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 250);
      });
    }
  }

  async #readPage(from: string): Promise<{ id: string; stream: string; event: LoggedEvent & { seq: number } }[]> {
    const { events } = keysOf(this.#redis, this.#session);
    const rows = (await this.#redis.command('XRANGE', events, from, '+', 'COUNT', String(PAGE))) as [
      string,
      string[],
    ][];
    return rows.map(([id, fields]) => {
      const [, stream = '', , seq = '', , kind = '', , data = ''] = fields;
      return { id, stream, event: { seq: Number(seq), cursor: seq, kind: kind as EventKind, data } };
    });
  }

  #hear(message: string): void {
    if (message === `c${this.#stream}`) {
      // What was said before the end may still be on its way from the store.
      this.#mustFetch = true;
      this.#wake();
      return;
    }
    const match = /^e(\S+) (\d+) (\S+) (.*)$/s.exec(message);
    if (match?.[1] !== this.#stream) return;
    const [, , seq = '', kind = '', data = ''] = match;
    if (this.#ahead.length >= MAX_AHEAD) {
      this.#ahead = [];
      this.#mustFetch = true;
    } else {
      this.#ahead.push({ seq: Number(seq), cursor: seq, kind: kind as EventKind, data });
    }
    this.#wake();
  }

  readonly #onAbort = (): void => this.#wake();
}

async function readMarks(
  redis: RedisConnection,
  session: string,
  stream: string,
): Promise<{ last: number | undefined; evicted: number; isClosed: boolean }> {
  const { meta } = keysOf(redis, session);
  const marks = (await redis.command('HMGET', meta, `l:${stream}`, `v:${stream}`, `c:${stream}`)) as (string | null)[];
  const [last, evicted, closed] = marks;
  return {
    last: last === null || last === undefined ? undefined : Number(last),
    evicted: Number(evicted ?? 0),
    isClosed: closed !== null && closed !== undefined,
  };
}

function owedField(stream: string, id: RequestId): string {
  return `${stream} ${JSON.stringify(id)}`;
}

function splitOwed(field: string): [string, string] {
  const at = field.indexOf(' ');
  return [field.slice(0, at), field.slice(at + 1)];
}
