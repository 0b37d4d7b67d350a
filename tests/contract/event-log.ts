// What every event log promises, whoever made it. A store runs it with `eventLogContract('its name', make)`.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { type EventLog, type LoggedEvent, START, StreamOverrun } from '../../transports/event-log.js';
import type { Window } from '../../transports/stores/memory-event-log.js';
import { within } from '../support/clients/within.js';
import { PacedReader } from '../support/paced-reader.js';

export interface LogUnderTest {
  readonly log: EventLog;
  /** The id of another session, known to whatever has to know of it. */
  openSession(): string | Promise<string>;
  close(): void | Promise<void>;
}

const WINDOW: Window = { events: 20, bytes: 10_000, ms: 60_000 };
const WAIT_MS = 10_000;

export function eventLogContract(name: string, make: (window: Window) => LogUnderTest | Promise<LogUnderTest>): void {
  describe(`the event log (${name})`, () => {
    let made: LogUnderTest;
    let log: EventLog;
    let session: string;
    let readers: PacedReader[] = [];

    async function remake(window: Window): Promise<void> {
      made = await make(window);
      log = made.log;
      session = await made.openSession();
    }

    beforeEach(() => remake(WINDOW));

    afterEach(async () => {
      for (const reader of readers) reader.stop();
      readers = [];
      await made.close();
    });

    function follow(stream: string, after = START, id = session): PacedReader {
      const reader = new PacedReader(log, id, stream, after);
      readers.push(reader);
      return reader;
    }

    async function next(reader: PacedReader): Promise<string | undefined> {
      const { value, done } = await within(WAIT_MS, 'the next event', reader.next());
      return done === true ? undefined : value.data;
    }

    async function take(count: number, reader: PacedReader): Promise<(string | undefined)[]> {
      const taken: (string | undefined)[] = [];
      while (taken.length < count) taken.push(await next(reader));
      return taken;
    }

    async function fill(stream: string, from: number, to: number): Promise<void> {
      for (let n = from; n <= to; n += 1) await log.append(session, stream, String(n), 'message');
    }

    function numbers(from: number, to: number): string[] {
      return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
    }

    it('gives what was kept, then what comes, in order and once', async () => {
      await fill('m', 1, 3);
      const reader = follow('m');
      expect(await take(2, reader)).toEqual(['1', '2']);
      await fill('m', 4, 5);
      expect(await take(3, reader)).toEqual(['3', '4', '5']);
    });

    it('wakes a reader that waits', async () => {
      const reader = follow('m');
      const waiting = next(reader);
      await delay(5);
      await log.append(session, 'm', 'late', 'response');
      expect(await waiting).toBe('late');
    });

    it('keeps what an event is, and its text whatever is in it', async () => {
      const data = JSON.stringify({ text: '\u2028 \u0000 \ud83d\ude00 é "\\\n' });
      await log.append(session, 'm', data, 'progress');
      const { value } = await within(WAIT_MS, 'the event', follow('m').next());
      expect(value).toMatchObject({ data, kind: 'progress' });
    });

    it('goes on behind any event that was given, as often as it is asked', async () => {
      await fill('m', 1, 6);
      const reader = follow('m');
      const cursors: string[] = [];
      for (let n = 1; n <= 6; n += 1) cursors.push((await reader.next()).value!.cursor);
      expect(new Set(cursors).size).toBe(6);
      for (const [index, cursor] of cursors.entries()) {
        expect(await log.holds(session, 'm', cursor)).toBe(true);
        const again = follow('m', cursor);
        expect(await take(5 - index, again)).toEqual(numbers(index + 2, 6));
        again.stop();
      }
    });

    it('keeps streams and sessions apart', async () => {
      const other = await made.openSession();
      await log.append(session, 'p1', 'one', 'message');
      await log.append(session, 'p2', 'two', 'message');
      await log.append(other, 'p1', 'three', 'message');
      expect(await next(follow('p1'))).toBe('one');
      expect(await next(follow('p2'))).toBe('two');
      expect(await next(follow('p1', START, other))).toBe('three');
    });

    it('ends a closed stream when all of it was given, for whoever waits and whoever comes later', async () => {
      const reader = follow('p1');
      await fill('p1', 1, 2);
      expect(await take(2, reader)).toEqual(['1', '2']);
      const waiting = next(reader);
      await log.close(session, 'p1');
      expect(await waiting).toBeUndefined();
      expect(await take(3, follow('p1'))).toEqual(['1', '2', undefined]);
      expect(await next(follow('p1', '2'))).toBeUndefined();
    });

    it('gives nothing more to a reader that has stopped, not even the end', async () => {
      const heard: string[] = [];
      const sink = { take: ({ data }: LoggedEvent) => void heard.push(data), end: () => void heard.push('the end') };
      const following = log.follow(session, 'm', START, sink);
      const early = log.follow(session, 'p1', START, sink);
      early.stop();
      await fill('m', 1, 2);
      while (heard.length < 2) await delay(1);
      following.stop();
      await fill('m', 3, 4);
      await fill('p1', 5, 6);
      await log.close(session, 'm');
      await log.close(session, 'p1');
      await delay(20);
      expect(heard).toEqual(['1', '2']);
    });

    it('waits with the next event for whoever has not taken the last', async () => {
      const given: string[] = [];
      let go: () => void = () => undefined;
      const take = ({ data }: LoggedEvent): Promise<void> => {
        given.push(data);
        return new Promise((resolve) => (go = resolve));
      };
      await fill('p1', 1, 3);
      const ended = new Promise<void>((end) => log.follow(session, 'p1', START, { take, end }));
      await log.close(session, 'p1');
      for (let n = 1; n <= 3; n += 1) {
        while (given.length < n) await delay(1);
        await delay(5);
        expect(given).toEqual(numbers(1, n));
        go();
      }
      await within(WAIT_MS, 'the end', ended);
    });

    it('ends a reader that fails, and nobody else', async () => {
      const error = new Error('broken');
      const failing = [
        (): void => {
          throw error;
        },
        () => Promise.reject(error),
      ];
      await log.append(session, 'm', 'one', 'message');
      for (const take of failing) {
        const ended = new Promise<unknown>((end) => log.follow(session, 'm', START, { take, end }));
        expect(await within(WAIT_MS, 'the end', ended)).toBe(error);
      }
      expect(await next(follow('m'))).toBe('one');
    });

    it('ends the readers of a session that is dropped, and lets go of whoever waits to write', async () => {
      const reader = follow('m');
      const waiting = next(reader);
      await delay(5);
      await log.drop(session);
      expect(await waiting).toBeUndefined();
    });

    it('says what it holds: nothing of streams nobody wrote to, nothing that is still to come', async () => {
      await fill('m', 1, 2);
      expect(await log.holds(session, 'm', START)).toBe(true);
      expect(await log.holds(session, 'm', '2')).toBe(true);
      expect(await log.holds(session, 'm', '3')).toBe(false);
      expect(await log.holds(session, 'm', '99999999999999999999')).toBe(false);
      expect(await log.holds(session, 'p99', '1')).toBe(false);
      expect(await log.holds('nobody', 'm', '1')).toBe(false);
    });

    it('holds a stream from its beginning as soon as somebody reads it or an answer is owed on it', async () => {
      const other = await made.openSession();
      await log.expect(session, 'p1', 1);
      follow('p1');
      follow('m').stop();
      follow('m', START, other).stop();
      for (const [id, stream] of [
        [session, 'p1'],
        [session, 'm'],
        [other, 'm'],
      ] as const) {
        expect(await log.holds(id, stream, START)).toBe(true);
        expect(await log.holds(id, stream, '1')).toBe(false);
        expect(await log.isSpent(id, stream, START)).toBe(false);
        expect(await log.oldest(id, stream)).toBe(START);
      }
      await log.append(other, 'm', 'first', 'message');
      expect(await next(follow('m', START, other))).toBe('first');
    });

    it('lets go of the oldest when there are too many, and says so to whoever needs them', async () => {
      await fill('m', 1, 50);
      expect(await log.holds(session, 'm', START)).toBe(false);
      const oldest = await log.oldest(session, 'm');
      expect(oldest).toBe('30');
      expect(await take(20, follow('m', oldest))).toEqual(numbers(31, 50));
      await expect(next(follow('m', '29'))).rejects.toThrow(StreamOverrun);
    });

    it('lets go of the oldest when they are too large, whichever stream they are of', async () => {
      await log.append(session, 'p1', 'first', 'message');
      for (let n = 0; n < 5; n += 1) await log.append(session, 'm', String(n).repeat(3000), 'message');
      expect(await log.holds(session, 'p1', START)).toBe(false);
      expect(await log.holds(session, 'm', '2')).toBe(true);
      expect(await log.holds(session, 'm', '1')).toBe(false);
    });

    it('keeps the newest whatever its size', async () => {
      await fill('m', 1, 3);
      const huge = 'x'.repeat(50_000);
      await log.append(session, 'm', huge, 'response');
      expect(await log.oldest(session, 'm')).toBe('3');
      expect(await next(follow('m', '3'))).toBe(huge);
    });

    it('never runs ahead of a living reader when whoever writes waits, however slow it reads', async () => {
      const reader = follow('m');
      const first = next(reader);
      const writing = fill('m', 1, 100);
      const read = [await first];
      while (read.length < 100) {
        if (read.length % 10 === 0) await delay(2);
        read.push(await next(reader));
      }
      await writing;
      expect(read).toEqual(numbers(1, 100));
    });

    it('lets whoever waits go on when the reader leaves', async () => {
      const reader = follow('m');
      const first = next(reader);
      const writing = fill('m', 1, 60);
      await first;
      await delay(20);
      reader.stop();
      await within(WAIT_MS, 'the writer', writing);
      expect(await log.holds(session, 'm', '60')).toBe(true);
    });

    it('lets go of what is older than its time', async () => {
      await made.close();
      await remake({ ...WINDOW, ms: 60 });
      await log.append(session, 'p1', 'old', 'message');
      await log.close(session, 'p1');
      const end = performance.now() + WAIT_MS;
      while ((await log.holds(session, 'p1', START)) && performance.now() < end) await delay(20);
      expect(await log.holds(session, 'p1', START)).toBe(false);
    });
  });
}
