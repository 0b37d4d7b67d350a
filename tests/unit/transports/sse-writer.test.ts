import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { formatEvent } from '../../../protocol/sse.js';
import type { StreamEnded } from '../../../transports/observer.js';
import { SseWriter } from '../../../transports/sse-writer.js';
import { Streams } from '../../../transports/streams.js';
import { VisitNotes } from '../../../transports/visit-notes.js';
import { within } from '../../support/clients/within.js';
import { RawSocket } from '../../support/raw-socket.js';
import { until } from '../../support/until.js';

interface Opened {
  readonly writer: SseWriter;
  readonly res: ServerResponse;
  readonly client: RawSocket;
  readonly ends: StreamEnded[];
  readonly streams: Streams;
}

const LIMITS = { streamBufferBytes: 100_000, stallMs: 200, keepAliveMs: 60_000 };
const BIG = formatEvent('x'.repeat(300_000));

describe('SseWriter', () => {
  const servers: Server[] = [];
  const clients: RawSocket[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      const closed = once(server, 'close');
      server.close();
      await closed;
    }
  });

  async function open(limits: Partial<typeof LIMITS> = {}, before?: (res: ServerResponse) => unknown): Promise<Opened> {
    const settings = { ...LIMITS, ...limits };
    const streams = new Streams(settings);
    const ends: StreamEnded[] = [];
    const server = createServer();
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = await RawSocket.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    clients.push(client);
    await client.send({ path: '/' });
    const [, res] = (await once(server, 'request')) as [unknown, ServerResponse];
    await before?.(res);
    const writer = new SseWriter(
      res,
      { kind: 'session', id: 'm', session: undefined, exchangeId: 'e', notes: new VisitNotes(res) },
      { limits: settings, streams, observer: { streamEnded: (_facts, end) => ends.push(end) } },
    );
    writer.open();
    return { writer, res, client, ends, streams };
  }

  /** Writes until the client's system and ours hold all they can. @returns what the last write waits for */
  async function fill({ writer }: Opened): Promise<{ readonly blocked: Promise<void> }> {
    for (;;) {
      const written = writer.write(BIG, 'message');
      if (!writer.isOpen) throw new Error('It ended before it was full');
      if (written === undefined) continue;
      if (await Promise.race([written.then(() => false), delay(50, true)])) return { blocked: written };
    }
  }

  it('lets everybody go on who waited for one connection', async () => {
    const opened = await open({ stallMs: 60_000 });
    await fill(opened);
    const waiting = [1, 2, 3].map(() => opened.writer.write(formatEvent('{}'), 'message'));
    expect(waiting.every((one) => one instanceof Promise)).toBe(true);
    void opened.client.waitForEnd();
    await within(5000, 'the writers', Promise.all(waiting.map(async (one) => one)));
    opened.writer.end('complete');
  });

  it('waits for nobody who takes what there is, however small the buffer may be', async () => {
    const { writer, client } = await open({ streamBufferBytes: 1 });
    const read = (async () => {
      let text = '';
      while (!text.includes('"n":99')) text += (await client.bytes()).toString();
      return text;
    })();
    for (let n = 0; n < 100; n += 1)
      await within(2000, 'room', Promise.resolve(writer.write(formatEvent(`{"n":${n}}`), 'message')));
    expect(await read).toContain('"n":50');
    writer.end('complete');
  });

  it('gives up on a client that takes nothing for STALL_MS', async () => {
    const opened = await open();
    const { blocked } = await fill(opened);
    await until('it is given up on', () => opened.ends.length > 0);
    expect(opened.ends[0]).toMatchObject({ reason: 'stalled' });
    await within(2000, 'the writer', blocked);
    expect(opened.res.destroyed).toBe(true);
    expect(opened.streams.size + opened.streams.delivering).toBe(0);
  });

  it('waits for a client that is slow, and takes something of it', async () => {
    const opened = await open({ stallMs: 1000 });
    // One message that takes far longer than STALL_MS to arrive.
    const written = opened.writer.write(formatEvent('x'.repeat(16_000_000)), 'response');
    expect(written).toBeInstanceOf(Promise);
    let got = 0;
    const begun = performance.now();
    while (got < 16_000_000) {
      got += (await opened.client.bytes()).length;
      if (performance.now() - begun < 4000) await delay(20);
    }
    expect(performance.now() - begun).toBeGreaterThan(2000);
    await within(2000, 'the writer', Promise.resolve(written));
    expect(opened.ends).toEqual([]);
    opened.writer.end('complete');
  });

  it('does not take a moment of waiting long ago for a stall', async () => {
    const opened = await open({ stallMs: 400 });
    await fill(opened);
    let drained = 0;
    const reading = (async () => {
      for (;;) drained += (await opened.client.bytes()).length;
    })().catch(() => undefined);
    await until('all is taken', () => opened.res.writableLength === 0 && drained > 0);
    // Less than what Node would tell a drain of.
    void opened.writer.write(formatEvent('{}'), 'message');
    await delay(1000);
    expect(opened.ends).toEqual([]);
    opened.writer.end('complete');
    opened.client.close();
    await reading;
  });

  it('gives up on a client that stalls when its stream has ended already', async () => {
    const opened = await open();
    await fill(opened);
    opened.writer.end('taken over');
    expect(opened.streams.size).toBe(0);
    expect(opened.streams.delivering).toBe(1);
    await until('the connection is gone', () => opened.streams.delivering === 0);
    expect(opened.res.destroyed).toBe(true);
    expect(opened.ends).toHaveLength(1);
  });

  it('delivers the rest of an ended stream to a client that takes it', async () => {
    const opened = await open({ stallMs: 60_000 });
    await fill(opened);
    opened.writer.end('complete', formatEvent('the last'));
    const { rest } = await opened.client.head().then(async ({ body }) => {
      const parts: Buffer[] = [];
      for await (const part of body) parts.push(part);
      return { rest: Buffer.concat(parts) };
    });
    expect(rest.toString().endsWith(formatEvent('the last'))).toBe(true);
    await until('nothing is left', () => opened.streams.delivering === 0);
  });

  it('ends at once when its client has gone before it was opened', async () => {
    const { writer, ends, streams } = await open({}, async (res) => {
      res.destroy();
      if (!res.closed) await once(res, 'close');
    });
    expect(writer.isOpen).toBe(false);
    const onEnd = jest.fn();
    writer.onEnd(onEnd);
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(ends).toHaveLength(1);
    expect(streams.size).toBe(0);
  });

  it('ends at once when somebody else has answered in its place', async () => {
    const { writer, client } = await open({}, (res) => res.writeHead(503).end('too late'));
    expect(writer.isOpen).toBe(false);
    void writer.write(formatEvent('{}'), 'message');
    writer.end('complete');
    expect((await client.response()).text).toBe('too late');
  });
});
