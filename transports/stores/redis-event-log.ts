import type { RequestId } from '../../protocol/json-rpc.js';
import { MAIN_STREAM } from '../event-id.js';
import { START, type EventKind, type EventLog, type EventSink, type Following } from '../event-log.js';
import type { Window } from './memory-event-log.js';
import { isAway, type RedisConnection } from './redis-connection.js';
import type { RedisInstances } from './redis-instances.js';
import { keysOf } from './redis-keys.js';
import { APPEND, CLOSE, EXPECT, MARKS, RELEASE } from './redis-log-scripts.js';
import { type Marks, RedisReader } from './redis-reader.js';

export interface RedisLogOptions {
  readonly window: Window;
  /** How long the events of a session are kept after the last one. */
  readonly ttlMs: number;
  readonly instances: RedisInstances;
  /** Asks whether a session that Redis does not know was lost there, and puts it back. @returns false when it is over */
  readonly revive: (session: string) => Promise<boolean>;
  readonly onFault: (error: unknown, where: string) => void;
}

/** The event log of all instances. What could not be said while Redis was away is said when it is back, in order. */
export class RedisEventLog implements EventLog {
  readonly #redis: RedisConnection;
  readonly #options: RedisLogOptions;
  /** The last that is being said, by session. */
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #readers = new Map<string, Set<RedisReader>>();
  /** The responses this instance owes, by session. */
  readonly #owed = new Map<string, Set<string>>();
  /** Streams of this instance that nobody has read yet. */
  readonly #fresh = new Set<string>();
  #said = 0;

  constructor(redis: RedisConnection, options: RedisLogOptions) {
    this.#redis = redis;
    this.#options = options;
    options.instances.onDeath((instance) => void this.#speakForAll(instance));
  }

  async append(session: string, stream: string, data: string, kind: EventKind, answers?: RequestId): Promise<void> {
    const owed = answers === undefined ? '' : owedField(stream, answers);
    const seq = await this.#inTurn(session, this.#saying(session, stream, data, kind, owed, ''));
    if (owed !== '') this.#forgetOwed(session, owed);
    const reader = this.#readerOf(session, stream);
    if (reader === undefined || seq === undefined) return;
    // Where the reader is here, whoever writes waits for it; elsewhere the window is what bounds it.
    reader.know(Number(seq));
    if (reader.behind > this.#options.window.events / 2) await reader.reached(Number(seq));
  }

  follow(session: string, stream: string, after: string, sink: EventSink): Following {
    const stopping = new AbortController();
    void this.#read(session, stream, after, sink, stopping.signal);
    return { stop: () => stopping.abort() };
  }

  // Never rejects: whatever goes wrong ends the sink.
  async #read(session: string, stream: string, after: string, sink: EventSink, signal: AbortSignal): Promise<void> {
    const { events, channel } = keysOf(this.#redis, session);
    const isOwed = (): boolean => this.#owes(session, stream);
    const isFresh = this.#fresh.delete(`${session} ${stream}`) && after === START;
    const reader = new RedisReader({
      redis: this.#redis,
      events,
      channel,
      stream,
      after: Number(after),
      signal,
      marks: () => this.#marks(session, stream),
      isOwed,
      isFresh,
      toLocalTime: (redisMs) => this.#options.instances.toLocalTime(redisMs),
    });
    const readers = this.#readers.get(session) ?? new Set();
    this.#readers.set(session, readers.add(reader));
    try {
      await reader.start();
      if (!isFresh) void this.#speakForDead(session).catch(this.#tell);
      for await (const event of reader.read()) {
        const taken = sink.take(event);
        if (taken !== undefined) await taken;
      }
      if (!signal.aborted) sink.end();
    } catch (error) {
      if (!signal.aborted) sink.end(error);
    } finally {
      reader.stop();
      readers.delete(reader);
      if (readers.size === 0 && this.#readers.get(session) === readers) this.#readers.delete(session);
    }
  }

  async holds(session: string, stream: string, after: string): Promise<boolean> {
    const { last, evicted } = await this.#marks(session, stream);
    return last !== undefined && evicted <= Number(after) && Number(after) <= last;
  }

  async isSpent(session: string, stream: string, after: string): Promise<boolean> {
    const { last, isClosed } = await this.#marks(session, stream);
    return isClosed && last !== undefined && last <= Number(after);
  }

  async oldest(session: string, stream: string): Promise<string> {
    return String((await this.#marks(session, stream)).evicted);
  }

  queued(session: string, stream?: string): number {
    let queued = this.#tails.has(session) ? 1 : 0;
    for (const reader of this.#readers.get(session) ?? []) {
      if (stream === undefined || reader.stream === stream) queued += reader.behind;
    }
    return queued;
  }

  async close(session: string, stream: string): Promise<void> {
    const { events, meta, record, channel } = keysOf(this.#redis, session);
    const args = [stream, channel, ...this.#windowArgs, this.#options.ttlMs];
    await this.#inTurn(session, () => this.#redis.run(CLOSE, [events, meta, record], args));
  }

  async drop(session: string): Promise<void> {
    this.leave(session);
    const { events, meta, calls } = keysOf(this.#redis, session);
    await this.#inTurn(session, () => this.#redis.command('DEL', events, meta, calls));
  }

  leave(session: string): void {
    this.#owed.delete(session);
    for (const reader of this.#readers.get(session) ?? []) reader.finish();
  }

  async expect(session: string, stream: string, id: RequestId): Promise<boolean> {
    const owed = owedField(stream, id);
    const all = this.#owed.get(session) ?? new Set();
    if (all.has(owed)) return false;
    this.#owed.set(session, all.add(owed));
    if (stream !== MAIN_STREAM) {
      // A stream of its own: nobody else can be at work on it, and its call has begun already.
      this.#fresh.add(`${session} ${stream}`);
      await this.#inTurn(session, () => this.#expectNow(session, owed));
      return true;
    }
    try {
      const first = await this.#expectNow(session, owed);
      const isBack = first === -1 && (await this.#options.revive(session));
      const answer = isBack ? await this.#expectNow(session, owed) : first;
      if (answer !== 1) this.#forgetOwed(session, owed);
      return answer !== 0;
    } catch (error) {
      // Whether it was heard cannot be told; what was refused must not be owed.
      void this.release(session, stream, id).catch(this.#tell);
      throw error;
    }
  }

  async release(session: string, stream: string, id: RequestId): Promise<void> {
    const owed = owedField(stream, id);
    this.#forgetOwed(session, owed);
    const { calls } = keysOf(this.#redis, session);
    await this.#inTurn(session, () => this.#redis.run(RELEASE, [calls], [owed, this.#options.instances.id]));
  }

  /** Redis was away and is back: says again what is owed, and looks at what was missed. Never rejects. */
  async comeBack(): Promise<void> {
    // In turn: an answer may be on its way, and what it answers is owed no more behind it.
    const again = [...this.#owed.keys()].map((session) =>
      this.#inTurn(session, () => this.#expectAgain(session)).catch(this.#tell),
    );
    await Promise.all(again);
    for (const readers of this.#readers.values()) for (const reader of readers) reader.lookAgain();
    for (const session of this.#readers.keys()) await this.#speakForDead(session).catch(this.#tell);
  }

  /** Resolves when all is said that is to be said, or after that long. */
  async settle(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
    await Promise.race([Promise.allSettled(this.#tails.values()), late]);
    clearTimeout(timer);
  }

  // What is said again carries the number it was first said with, which keeps it from being kept twice.
  #saying(
    session: string,
    stream: string,
    data: string,
    kind: EventKind,
    owed: string,
    heir: string,
  ): () => Promise<unknown> {
    this.#said += 1;
    const { record, meta, calls, channel, events } = keysOf(this.#redis, session);
    const { instances, ttlMs } = this.#options;
    const args = [stream, data, kind, instances.id, this.#said, ...this.#windowArgs, ttlMs, channel, owed, heir];
    const say = (): Promise<unknown> => this.#redis.run(APPEND, [events, meta, record, calls], args);
    return async () => {
      const seq = await say();
      return seq === -1 && (await this.#options.revive(session)) ? say() : seq;
    };
  }

  async #expectNow(session: string, owed: string, isAgain = false): Promise<number> {
    const { calls, meta, record } = keysOf(this.#redis, session);
    const { instances, ttlMs } = this.#options;
    const args = [owed, instances.id, ttlMs, streamOf(owed), isAgain ? 1 : 0];
    return Number(await this.#redis.run(EXPECT, [calls, meta, record], args));
  }

  #expectAgain(session: string): Promise<unknown> {
    return Promise.all([...(this.#owed.get(session) ?? [])].map((owed) => this.#expectNow(session, owed, true)));
  }

  async #marks(session: string, stream: string): Promise<Marks> {
    const { events, meta } = keysOf(this.#redis, session);
    const marks = (await this.#redis.run(MARKS, [events, meta], [stream, ...this.#windowArgs])) as (string | null)[];
    const [last, evicted, closed, base] = marks;
    const begin = Number(base ?? 0);
    // Redis knows a stream from its first event or owed answer on; the main one can be read before there is either.
    const newest = last ?? (stream === MAIN_STREAM ? begin : undefined);
    return {
      last: newest === undefined ? undefined : Number(newest),
      evicted: Number(evicted ?? begin),
      isClosed: closed != null,
      base: begin,
    };
  }

  // One after the other within a session, and again until it is said.
  #inTurn(session: string, say: () => Promise<unknown>): Promise<unknown> {
    const before = this.#tails.get(session);
    const insist = (): Promise<unknown> => this.#redis.insist(say, this.#options.window.ms);
    const turn = before === undefined ? insist() : before.then(insist, insist);
    this.#tails.set(session, turn);
    const done = (): void => {
      if (this.#tails.get(session) === turn) this.#tails.delete(session);
    };
    turn.then(done, done);
    return turn;
  }

  #readerOf(session: string, stream: string): RedisReader | undefined {
    for (const reader of this.#readers.get(session) ?? []) if (reader.stream === stream) return reader;
    return undefined;
  }

  #owes(session: string, stream: string): boolean {
    for (const owed of this.#owed.get(session) ?? []) if (streamOf(owed) === stream) return true;
    return false;
  }

  #forgetOwed(session: string, owed: string): void {
    this.#fresh.delete(`${session} ${streamOf(owed)}`);
    const all = this.#owed.get(session);
    if (all?.delete(owed) === true && all.size === 0) this.#owed.delete(session);
  }

  async #speakForAll(instance: string): Promise<void> {
    for (const session of [...this.#readers.keys()]) {
      await this.#speakForDead(session, instance).catch(this.#tell);
    }
  }

  // The calls of an instance that died end in an error. Whoever reads the session says so; who is first is heard.
  async #speakForDead(session: string, dead?: string): Promise<void> {
    const { calls } = keysOf(this.#redis, session);
    const owed = (await this.#redis.command('HGETALL', calls)) as string[];
    const ended = new Set<string>();
    for (let i = 0; i + 1 < owed.length; i += 2) {
      const [field = '', owner = ''] = owed.slice(i, i + 2);
      if (owner === '-' || (owner !== dead && !(await this.#options.instances.isDead(owner)))) continue;
      const stream = streamOf(field);
      const id = field.slice(stream.length + 1);
      const data = `{"jsonrpc":"2.0","id":${id},"error":{"code":-32603,"message":"The server that ran this call is gone"}}`;
      await this.#inTurn(session, this.#saying(session, stream, data, 'response', field, owner));
      if (stream !== MAIN_STREAM) ended.add(stream);
    }
    // Last: the calls of a batch are answered on one stream.
    for (const stream of ended) await this.close(session, stream);
  }

  get #windowArgs(): number[] {
    const { events, bytes, ms } = this.#options.window;
    return [events, bytes, ms];
  }

  readonly #tell = (error: unknown): void => {
    if (!isAway(error)) this.#options.onFault(error, 'event log');
  };
}

function owedField(stream: string, id: RequestId): string {
  return `${stream} ${JSON.stringify(id)}`;
}

function streamOf(owed: string): string {
  return owed.slice(0, owed.indexOf(' '));
}
