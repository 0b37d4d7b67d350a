// A client that loses its connection gets the same session back and what it missed, in order and once, or is told that it cannot.
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { defineTool } from '../../tools/define-tool.js';
import { sdk10Sse } from '../support/clients/sdk-1-0-client.js';
import { sdk110Sse } from '../support/clients/sdk-1-10-client.js';
import { sdk1Http, sdk1Sse } from '../support/clients/sdk-1-client.js';
import { eventSourceClient } from '../support/clients/eventsource-client.js';
import type { Json } from '../support/clients/test-client.js';
import { startProxy, type FaultyProxy, type Faults } from '../support/faulty-proxy.js';
import { gabble } from '../support/gabby-tools.js';
import { call, openStream, rpc } from '../support/http-call.js';
import { useLeakNet } from '../support/leak-net.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import type { TestServer } from '../support/server.js';
import { isMessage, type SseReader } from '../support/sse-reader.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const proxies: FaultyProxy[] = [];

afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

const start = useLeakNet();

async function proxied(server: TestServer, faults: Faults = {}): Promise<FaultyProxy> {
  const proxy = await startProxy(server.url, faults);
  proxies.push(proxy);
  return proxy;
}

/** What of a stream arrived, however it was cut: whole events only, as every parser has it. */
interface Record {
  lastId: string | undefined;
  readonly messages: Json[];
}

async function drink(reader: SseReader, record: Record): Promise<void> {
  await reader.ended.catch(() => undefined);
  take(reader, record);
}

function take(reader: SseReader, record: Record): void {
  for (const event of reader.events) {
    if (event.id !== undefined) record.lastId = event.id;
    if (isMessage(event)) record.messages.push(JSON.parse(event.data));
  }
}

function said({ messages }: Record): unknown[] {
  return messages.map((message) => message.params?.data ?? message.result?.content?.[0]?.text ?? message);
}

function expected(count: number): string[] {
  return [...Array.from({ length: count }, (_, n) => `g${n + 1}`.padEnd(40, '.')), `g said ${count}`];
}

const faults = fc.record({
  cuts: fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 8 }),
  cut: fc.constantFrom('end' as const, 'reset' as const),
  bufferBytes: fc.constantFrom(0, 0, 500),
});

describe('a stream through a network that cuts it anywhere', () => {
  const COUNT = 40;
  const callOf = (id: number): Json =>
    rpc('tools/call', { name: 'gabble', arguments: { count: COUNT, size: 40, everyMs: 1 } }, id);

  it('gives a client of /mcp the whole of its call, in order and once', async () => {
    const server = await start({ tools: [gabble] });
    const session = await openSession(server.url);
    let id = 0;
    await fc.assert(
      fc.asyncProperty(faults, async ({ cuts, ...more }) => {
        const proxy = await proxied(server, { ...more, cutAfterBytes: (n) => cuts[n] });
        const record: Record = { lastId: undefined, messages: [] };
        const headers = { ...session.headers, 'MCP-Protocol-Version': '2025-11-25' };
        id += 1;
        for (let tries = 0; record.messages.at(-1)?.result === undefined; tries += 1) {
          if (tries > cuts.length + 2) throw new Error(`Never whole: ${JSON.stringify(said(record))}`);
          try {
            const reader = await openStream(`${proxy.url}/mcp`, {
              ...(record.lastId === undefined ? { body: callOf(id) } : {}),
              headers: { ...headers, 'Last-Event-ID': record.lastId },
              isOurs: false,
            });
            await drink(reader, record);
          } catch (error) {
            // Cut inside the headers. Before it has an id a client can only call again.
            if (error instanceof Error && error.message.includes('Expected an event stream')) throw error;
          }
        }
        expect(said(record)).toEqual(expected(COUNT));
        await proxy.close();
        proxies.splice(proxies.indexOf(proxy), 1);
      }),
      { numRuns: 25 },
    );
    await session.delete();
  });

  it('gives a legacy client the same session and all of its calls, in order and once', async () => {
    const server = await start({ tools: [gabble] });
    await fc.assert(
      fc.asyncProperty(faults, async ({ cuts, cut }) => {
        const proxy = await proxied(server, { cut, cutAfterBytes: (n) => cuts[n] });
        const record: Record = { lastId: undefined, messages: [] };
        const endpoints = new Set<string>();
        let isCalled = false;
        for (let tries = 0; record.messages.at(-1)?.result === undefined; tries += 1) {
          if (tries > cuts.length + 2) throw new Error(`Never whole: ${JSON.stringify(said(record))}`);
          let reader: SseReader;
          try {
            const request = { headers: { 'Last-Event-ID': record.lastId }, isOurs: false };
            reader = await openStream(`${proxy.url}/sse`, request);
            const { data = '' } = await reader.next((event) => event.event === 'endpoint');
            endpoints.add(data);
            if (!isCalled) await call(new URL(data, server.url).href, { body: callOf(1) });
            isCalled = true;
          } catch (error) {
            if (error instanceof Error && error.message.includes('Expected an event stream')) throw error;
            continue;
          }
          const whole = until('the answer is there', () => reader.raw.includes(`said ${COUNT}`), 5000).catch(
            () => undefined,
          );
          await Promise.race([whole, reader.ended.catch(() => undefined)]);
          take(reader, record);
          reader.close();
        }
        expect(endpoints.size).toBe(1);
        expect(said(record)).toEqual(expected(COUNT));
        await proxy.close();
        proxies.splice(proxies.indexOf(proxy), 1);
      }),
      { numRuns: 25 },
    );
  });
});

describe('an unmodified client whose connection is cut in the middle of a call', () => {
  it.each([sdk10Sse, eventSourceClient])(
    '$name comes back by itself to the same session, and its call is answered',
    async (driver) => {
      const waiting = waitingTool();
      const server = await start({ tools: [waiting.tool] });
      const proxy = await proxied(server);
      const client = await driver.connect(`${proxy.url}/sse`);
      const [session] = server.mcp.sessions;
      const answered = client.callTool('wait', {}, { timeoutMs: 15_000 });
      await waiting.started();
      proxy.cutNow(/^GET/);
      await until('the stream is lost', () => session?.writers.size === 0);
      waiting.finish();
      expect((await answered).content).toEqual([{ type: 'text', text: 'waited' }]);
      expect(proxy.cuts).toBe(1);
      expect([...server.mcp.sessions]).toEqual([session]);
      // And it goes on as if nothing had been.
      expect((await client.callTool('add', { a: 1, b: 2 })).content).toHaveLength(1);
      expect(server.mcp.sessions.size).toBe(1);
      await client.close();
    },
    30_000,
  );

  // From 1.10 on the SDK gives its EventSource a fetch that loses `Last-Event-ID`: nobody can tell who comes back.
  it.each([sdk110Sse, sdk1Sse])(
    '$name comes back as somebody new, and is served on without a handshake',
    async (driver) => {
      const server = await start();
      const proxy = await proxied(server);
      const client = await driver.connect(`${proxy.url}/sse`);
      const [before] = server.mcp.sessions;
      proxy.cutNow(/^GET/);
      await until('it has come back', () =>
        [...server.mcp.sessions].some((other) => other !== before && other.hasMainStream),
      );
      await until('it has read where to post', async () => {
        const { content } = await client
          .callTool('add', { a: 1, b: 2 }, { timeoutMs: 1000 })
          .catch(() => ({ content: [] }));
        return content.length === 1;
      });
      await client.close();
    },
    30_000,
  );

  it('sdk 1.x over http resumes the stream of its POST', async () => {
    const server = await start({ tools: [gabble], retryMs: 50 });
    const proxy = await proxied(server, { cutAt: /g10\./ });
    const client = await sdk1Http.connect(`${proxy.url}/mcp`);
    const { content } = await client.callTool('gabble', { count: 30, size: 20, everyMs: 2 });
    expect(content).toEqual([{ type: 'text', text: 'g said 30' }]);
    expect(proxy.cuts).toBe(1);
    await client.close();
  });
});

describe('a connection that is dead without saying so', () => {
  it('is taken over by the resumed stream of a POST, and gets nothing more', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool], streamAfterMs: 20 });
    const session = await openSession(server.url);
    const proxy = await proxied(server);
    const dead = await openStream(`${proxy.url}/mcp`, {
      body: rpc('tools/call', { name: 'wait' }, 'w'),
      headers: session.headers,
    });
    const { id } = await dead.next();
    proxy.freeze();
    const resumed = await session.get(id);
    waiting.finish();
    expect(await resumed.nextMessage()).toMatchObject({ id: 'w' });
    await resumed.waitForEnd();
    expect(server.mcp.streams.size).toBe(0);
    dead.close();
    await session.delete();
  });

  it('is taken over by the resumed legacy stream, whose calls went on', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool] });
    const proxy = await proxied(server);
    const dead = await openLegacy(proxy.url);
    const endpoint = new URL(dead.endpoint, server.url).href;
    await call(endpoint, { body: rpc('tools/call', { name: 'wait' }, 'w') });
    await waiting.started();
    proxy.freeze();
    const resumed = await openStream(`${server.url}/sse`, { headers: { 'Last-Event-ID': dead.firstEventId } });
    waiting.finish();
    expect(await resumed.nextMessage()).toMatchObject({ id: 'w' });
    expect(server.mcp.streams.size).toBe(1);
    resumed.close();
    dead.close();
  });
});

describe('a stream that is asked for again', () => {
  it('is said to be over at its very end, so that its client does not come back for ever', async () => {
    const server = await start({ tools: [gabble] });
    const session = await openSession(server.url);
    const reader = await session.stream(rpc('tools/call', { name: 'gabble', arguments: { count: 2 } }));
    await reader.waitForEnd();
    const headers = {
      accept: 'text/event-stream',
      'mcp-session-id': session.id,
      'last-event-id': reader.events.at(-1)?.id ?? '',
    };
    const again = await fetch(`${server.url}/mcp`, { headers });
    expect([again.status, await again.text()]).toEqual([204, '']);
    await session.delete();
  });

  it('ends when its session is deleted while it is read again', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool], streamAfterMs: 20 });
    const session = await openSession(server.url);
    const reader = await session.stream(rpc('tools/call', { name: 'wait' }));
    const resumed = await session.get((await reader.next()).id);
    await session.delete();
    await resumed.waitForEnd(2000);
    await waiting.aborted();
  });

  it('can be opened by a client that does not say where it stands, also when the window has moved on', async () => {
    const server = await start({ replayEvents: 5 });
    const session = await openSession(server.url);
    const first = await session.get();
    await first.next();
    first.close();
    await until('it is gone', () => server.mcp.streams.size === 0);
    for (let n = 0; n < 20; n += 1) {
      server.mcp.tools.add(defineTool({ name: `t${n}`, description: 'New.', run: () => 'new' }));
    }
    const again = await session.get();
    for (let n = 0; n < 5; n += 1)
      expect(await again.nextMessage()).toMatchObject({ method: 'notifications/tools/list_changed' });
    expect(server.mcp.streams.size).toBe(1);
    await session.delete();
  });

  it('is refused in words when the window has moved on behind a client that does say', async () => {
    const server = await start({ tools: [gabble], replayEvents: 5 });
    const pair = await openLegacy(server.url);
    pair.close();
    await until('it is gone', () => server.mcp.streams.size === 0);
    await pair.send(rpc('tools/call', { name: 'gabble', arguments: { count: 20 } }));
    await until('it was said', () => server.mcp.calls.size === 0);
    const headers = { Accept: 'text/event-stream', 'Last-Event-ID': pair.firstEventId };
    const refused = await call(`${server.url}/sse`, { headers });
    expect(refused.status).toBe(400);
    expect(refused.json.error.message).toContain('no longer kept');
  });
});

describe('a handler that closes its stream', () => {
  const poll = defineTool({
    name: 'poll',
    description: 'Lets its client come back.',
    input: z.object({ times: z.number() }),
    async run({ times }, context) {
      for (let n = 0; n < times; n += 1) {
        await context.closeStream();
        await delay(30);
      }
      return 'polled';
    },
  });

  it('is polled by a client of 2025-11-25, as often as it closes it', async () => {
    const server = await start({ tools: [poll] });
    const session = await openSession(server.url);
    let reader = await session.stream(rpc('tools/call', { name: 'poll', arguments: { times: 3 } }, 'p'));
    let rounds = 0;
    let lastId: string | undefined;
    for (;;) {
      await reader.waitForEnd();
      rounds += 1;
      lastId = reader.events.findLast(({ id }) => id !== undefined)?.id ?? lastId;
      const answer = reader.events.find(isMessage);
      if (answer !== undefined) break;
      expect(reader.raw).toContain('retry: ');
      reader = await session.get(lastId);
    }
    expect(rounds).toBeGreaterThanOrEqual(3);
    await session.delete();
  });

  it.each(['2025-03-26', '2025-06-18'] as const)(
    'changes nothing for a client of %s, which has no id to come back with',
    async (revision) => {
      const server = await start({ tools: [poll] });
      const session = await openSession(server.url, { revision });
      const { messages } = await session.post(rpc('tools/call', { name: 'poll', arguments: { times: 1 } }, 'p'));
      expect(messages).toMatchObject([{ id: 'p', result: {} }]);
      await session.delete();
    },
  );
});
