// The memory log against a model that is nothing but a list: whatever happens, a client's record is what was sent, or a
// beginning of it and a refusal in words.
import { afterEach, describe, expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { START, StreamOverrun, type EventSink, type LoggedEvent } from '../../../transports/event-log.js';
import { MemoryEventLog, type MemoryLogOptions } from '../../../transports/stores/memory-event-log.js';
import { within } from '../../support/clients/within.js';
import { PacedReader } from '../../support/paced-reader.js';

// Node gives its garbage collector away only when asked on the command line, or like this.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const SESSION = 's';
const WINDOW = { events: 8, bytes: 400, ms: 60_000 };

type Step =
  | { readonly do: 'append'; readonly stream: string; readonly size: number; readonly waits: boolean }
  | { readonly do: 'read'; readonly stream: string; readonly count: number }
  | { readonly do: 'cut' | 'resume' | 'half-read'; readonly stream: string };

const stream = fc.constantFrom('m', 'p1', 'p2');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('append' as const), stream, size: fc.nat(150), waits: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('read' as const), stream, count: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'resume' as const, 'half-read' as const), stream }),
  },
);

/** A client of one stream, which comes back with the last event it saw. */
class Client {
  readonly record: string[] = [];
  isRefused = false;
  #seen = START;
  #reading: PacedReader | undefined;
  readonly #log: MemoryEventLog;
  readonly #stream: string;

  constructor(log: MemoryEventLog, stream: string) {
    this.#log = log;
    this.#stream = stream;
  }

  /** Also while the connection before still seems to live: it is taken over. */
  resume(): void {
    if (this.isRefused) return;
    if (this.#seen !== START && !this.#log.holds(SESSION, this.#stream, this.#seen)) {
      this.isRefused = true;
      return;
    }
    const before = this.#reading;
    this.#reading = new PacedReader(this.#log, SESSION, this.#stream, this.#seen);
    before?.stop();
  }

  cut(): void {
    this.#reading?.stop();
    this.#reading = undefined;
  }

  /** The connection takes an event and dies before the client has it. */
  async halfRead(available: number): Promise<void> {
    if (available > this.record.length) await this.#next();
    this.cut();
  }

  async read(count: number, available: number): Promise<void> {
    if (this.#reading === undefined) this.resume();
    while (count-- > 0 && this.record.length < available && this.#reading !== undefined) {
      const event = await this.#next();
      if (event === undefined) return;
      this.record.push(event.data);
      this.#seen = event.cursor;
    }
  }

  async #next(): Promise<LoggedEvent | undefined> {
    try {
      const next = await this.#reading?.next();
      return next?.done === true ? undefined : next?.value;
    } catch (error) {
      if (!(error instanceof StreamOverrun)) throw error;
      this.isRefused = true;
      this.cut();
      return undefined;
    }
  }
}

describe('the memory event log', () => {
  const logs: MemoryEventLog[] = [];

  function createLog(options: MemoryLogOptions): MemoryEventLog {
    const log = new MemoryEventLog(options);
    logs.push(log);
    return log;
  }

  afterEach(() => {
    for (const log of logs.splice(0)) log.drop(SESSION);
  });

  it('gives each client exactly what was sent, or a beginning of it and a refusal', async () => {
    const histories = fc.array(step, { maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const log = new MemoryEventLog(WINDOW);
        const sent = new Map<string, string[]>([
          ['m', []],
          ['p1', []],
          ['p2', []],
        ]);
        const clients = new Map([...sent.keys()].map((name) => [name, new Client(log, name)]));
        const writers: (void | Promise<void>)[] = [];
        for (const one of steps) {
          const said = sent.get(one.stream)!;
          const client = clients.get(one.stream)!;
          if (one.do === 'append') {
            const data = `${one.stream}${said.length}`.padEnd(one.size, '.');
            said.push(data);
            const written = log.append(SESSION, one.stream, data, 'message');
            if (one.waits) writers.push(written);
          } else if (one.do === 'read') await client.read(one.count, said.length);
          else if (one.do === 'resume') client.resume();
          else if (one.do === 'half-read') await client.halfRead(said.length);
          else client.cut();
        }
        for (const [name, client] of clients) {
          const said = sent.get(name)!;
          client.resume();
          await client.read(Infinity, said.length);
          expect(client.record).toEqual(said.slice(0, client.record.length));
          if (!client.isRefused) expect(client.record).toEqual(said);
          client.cut();
        }
        // Nobody is left waiting for a reader that is gone.
        await within(2000, 'the writers', Promise.all(writers.map(async (one) => one)));
        log.drop(SESSION);
        expect(log.size).toEqual({ sessions: 0, streams: 0, bytes: 0 });
      }),
      { numRuns: 400 },
    );
  });

  it('holds no more than its window of what nobody is reading', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(stream, fc.nat(600)), { maxLength: 80 }), async (events) => {
        const log = new MemoryEventLog(WINDOW);
        for (const [name, size] of events) {
          await log.append(SESSION, name, 'x'.repeat(size), 'message');
          // One larger than the window is the whole window.
          expect(log.size.bytes).toBeLessThanOrEqual(Math.max(WINDOW.bytes, size));
          expect(log.queued(SESSION)).toBeLessThanOrEqual(WINDOW.events);
        }
        log.drop(SESSION);
      }),
    );
  });

  it('lets go of the text of what it has let go of', async () => {
    const log = createLog({ ...WINDOW, bytes: 1_000_000 });
    const heap = (): number => process.memoryUsage().heapUsed;
    const before = heap();
    for (let n = 0; n < 60; n += 1) await log.append(SESSION, 'm', `${n}`.repeat(500_000), 'message');
    collectGarbage();
    expect(log.size.bytes).toBeLessThanOrEqual(1_000_000);
    expect(heap() - before).toBeLessThan(10_000_000);
  });

  it('counts bytes, not characters', async () => {
    const log = createLog({ ...WINDOW, bytes: 100 });
    await log.append(SESSION, 'm', 'é'.repeat(40), 'message');
    expect(log.size.bytes).toBe(80);
    await log.append(SESSION, 'm', 'é'.repeat(40), 'message');
    expect(log.holds(SESSION, 'm', START)).toBe(false);
  });

  it('does not let results that come together push each other out of a stream that is being read', async () => {
    const log = createLog({ events: 100, bytes: 10_000, ms: 60_000 });
    const reader = new PacedReader(log, SESSION, 'm', START);
    const first = reader.next();
    const results = Array.from({ length: 30 }, (_, n) => String(n).padEnd(2000, '.'));
    const written = results.map((data) => log.append(SESSION, 'm', data, 'response'));
    const read = [(await first).value!];
    while (read.length < results.length) read.push((await reader.next()).value!);
    expect(read.map(({ data }) => data)).toEqual(results);
    void reader.next();
    await within(2000, 'the writers', Promise.all(written.map(async (one) => one)));
  });

  it('does let a reader go that is very far behind: it is told when it asks for the next', async () => {
    const log = createLog({ events: 10, bytes: 10_000, ms: 60_000 });
    const reader = new PacedReader(log, SESSION, 'm', START);
    void log.append(SESSION, 'm', 'first', 'message');
    await reader.next();
    for (let n = 0; n < 1000; n += 1) void log.append(SESSION, 'm', String(n), 'message');
    expect(log.queued(SESSION)).toBeLessThanOrEqual(20);
    await expect(reader.next()).rejects.toThrow(StreamOverrun);
  });

  it('lets writers on one by one, so that they do not run ahead together', async () => {
    const log = createLog({ events: 10, bytes: 100_000, ms: 60_000 });
    const reader = new PacedReader(log, SESSION, 'm', START);
    const first = reader.next();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; n < 50; n += 1) await log.append(SESSION, 'm', `${writer}.${n}`, 'message');
    });
    const read = [(await first).value!];
    while (read.length < 400) read.push((await reader.next()).value!);
    expect(new Set(read.map(({ data }) => data)).size).toBe(400);
    void reader.next();
    await within(2000, 'the writers', Promise.all(writers));
  });

  it('ends a reader that another takes over from, and wakes only the new one', async () => {
    const log = createLog(WINDOW);
    const oldNext = new PacedReader(log, SESSION, 'm', START).next();
    const next = new PacedReader(log, SESSION, 'm', START).next();
    expect(await within(2000, 'the end of the old reader', oldNext)).toMatchObject({ done: true });
    await log.append(SESSION, 'm', 'for the new one', 'message');
    expect((await next).value).toMatchObject({ data: 'for the new one' });
  });

  it('lets go of whoever waits to write when who takes over has read all of it elsewhere', async () => {
    const log = createLog(WINDOW);
    const busy: EventSink = { take: () => new Promise<void>(() => undefined), end: () => undefined };
    log.follow(SESSION, 'm', START, busy);
    const written = Array.from({ length: 8 }, (_, n) => log.append(SESSION, 'm', String(n), 'message'));
    expect(written.some((one) => one instanceof Promise)).toBe(true);
    log.follow(SESSION, 'm', '8', busy);
    await within(2000, 'the writers', Promise.all(written.map(async (one) => one)));
  });

  it('lets go of whoever waits to write as soon as the reader stops, whatever it is busy with', async () => {
    const log = createLog(WINDOW);
    const reader = new PacedReader(log, SESSION, 'm', START);
    void log.append(SESSION, 'm', 'first', 'message');
    await reader.next();
    const written = Array.from({ length: 8 }, (_, n) => log.append(SESSION, 'm', String(n), 'message'));
    reader.stop();
    await within(2000, 'the writers', Promise.all(written.map(async (one) => one)));
  });

  it('gives what is written while its reader is given something, in order and once', () => {
    const log = createLog(WINDOW);
    const read: string[] = [];
    const sink: EventSink = {
      take({ data }) {
        read.push(data);
        if (read.length < 5) void log.append(SESSION, 'm', `after ${data}`, 'message');
      },
      end: () => undefined,
    };
    log.follow(SESSION, 'm', START, sink);
    void log.append(SESSION, 'm', '1', 'message');
    expect(read.map((data) => data.length)).toEqual([1, 7, 13, 19, 25]);
    expect(log.queued(SESSION)).toBe(0);
  });

  it('has nothing left of a session that its reader drops while it is given something', () => {
    const log = createLog(WINDOW);
    log.follow(SESSION, 'm', START, { take: () => log.drop(SESSION), end: () => undefined });
    void log.append(SESSION, 'm', 'the last', 'message');
    expect(log.size).toEqual({ sessions: 0, streams: 0, bytes: 0 });
  });

  it('gives the rest to whoever takes over from a reader that is busy', async () => {
    const log = createLog(WINDOW);
    const old = new PacedReader(log, SESSION, 'm', START);
    void log.append(SESSION, 'm', '1', 'message');
    void log.append(SESSION, 'm', '2', 'message');
    expect(await old.next()).toMatchObject({ value: { data: '1' } });
    const reader = new PacedReader(log, SESSION, 'm', START);
    expect(await old.next()).toMatchObject({ done: true });
    expect(await reader.next()).toMatchObject({ value: { data: '1' } });
    expect(await reader.next()).toMatchObject({ value: { data: '2' } });
  });

  it('lets go of whoever waits to write when the session is dropped', async () => {
    const log = createLog(WINDOW);
    const reader = new PacedReader(log, SESSION, 'm', START);
    void reader.next();
    const written = Array.from({ length: 8 }, (_, n) => log.append(SESSION, 'm', String(n), 'message'));
    expect(written.at(-1)).toBeInstanceOf(Promise);
    log.drop(SESSION);
    await within(2000, 'the writers', Promise.all(written.map(async (one) => one)));
  });

  it('forgets streams that have ended and hold nothing, however many there were', async () => {
    const log = createLog(WINDOW);
    for (let n = 0; n < 10_000; n += 1) {
      await log.append(SESSION, `p${n}`, 'result', 'response');
      log.close(SESSION, `p${n}`);
    }
    expect(log.size.streams).toBeLessThanOrEqual(WINDOW.events);
    for (let n = 0; n < 10_000; n += 1) {
      const end = new PacedReader(log, SESSION, `q${n}`, START).next();
      log.close(SESSION, `q${n}`);
      await end;
    }
    expect(log.size.streams).toBeLessThanOrEqual(WINDOW.events + 256);
  });

  it('keeps all windows within one total: those that were quiet longest lose theirs', async () => {
    const log = createLog({ events: 100, bytes: 10_000, ms: 60_000, totalBytes: 50_000 });
    for (let n = 0; n < 20; n += 1) {
      for (let i = 0; i < 5; i += 1) await log.append(`s${n}`, 'm', 'x'.repeat(1000), 'message');
      expect(log.size.bytes).toBeLessThanOrEqual(50_000);
    }
    expect(log.holds('s0', 'm', START)).toBe(false);
    expect(log.holds('s19', 'm', START)).toBe(true);
    for (let n = 0; n < 20; n += 1) log.drop(`s${n}`);
    expect(log.size).toEqual({ sessions: 0, streams: 0, bytes: 0 });
  });
});
