// A client that does not read costs its stream's buffer and its session's window, and after a while its connection.
import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild, type ChildServer } from '../support/child-server.js';
import type { Json } from '../support/clients/test-client.js';
import { startProxy, type FaultyProxy } from '../support/faulty-proxy.js';
import { gabble } from '../support/gabby-tools.js';
import { call, openStream, rpc } from '../support/http-call.js';
import { useLeakNet } from '../support/leak-net.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { formatRequest, RawSocket } from '../support/raw-socket.js';
import { isMessage } from '../support/sse-reader.js';
import { until } from '../support/until.js';

const MIB = 1024 * 1024;
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const start = useLeakNet();

async function proxied(url: string, faults: Parameters<typeof startProxy>[1]): Promise<FaultyProxy> {
  const proxy = await startProxy(url, faults);
  closing.push(() => proxy.close());
  return proxy;
}

/** Opens a legacy stream and reads its endpoint event, and never anything again. */
async function openStalled(socketPath: string): Promise<{ socket: Socket; endpoint: string }> {
  const socket = connect(socketPath);
  socket.on('error', () => undefined);
  socket.write(formatRequest('localhost', { path: '/sse', headers: { Accept: 'text/event-stream' } }));
  let text = '';
  while (!/data: (\S+)\n\n/.test(text)) {
    await new Promise((resolve) => socket.once('readable', resolve));
    text += String((socket.read() as Buffer | null) ?? '');
  }
  return { socket, endpoint: /data: (\S+)/.exec(text)?.[1] ?? '' };
}

function post(socketPath: string, path: string, body: Json): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { Host: 'localhost', 'Content-Type': 'application/json' };
    const posting = request({ socketPath, path, method: 'POST', headers }, (res) => {
      res.resume();
      res.once('end', () => resolve(res.statusCode ?? 0));
    });
    posting.once('error', reject);
    posting.end(JSON.stringify(body));
  });
}

describe('1,000 clients that do not read, under load', () => {
  it('do not move the memory of the server beyond its bounds, nor keep it from serving others', async () => {
    const COUNT = 1000;
    const limits = {
      streamBufferBytes: 65_536,
      replayBytes: 65_536,
      replayTotalBytes: 32 * MIB,
      stallMs: 60_000,
      toolTimeoutMs: 120_000,
      maxSessions: 2000,
    };
    const folder = await mkdtemp(join(tmpdir(), 'dualgauge-'));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const socketPath = join(folder, 'socket');
    const child: ChildServer = await startChild({ ...limits, socketPath });
    closing.push(() => child.close());
    const stalled: Awaited<ReturnType<typeof openStalled>>[] = [];
    for (let n = 0; n < COUNT; n += 50) {
      stalled.push(...(await Promise.all(Array.from({ length: 50 }, () => openStalled(socketPath)))));
    }
    closing.push(() => stalled.forEach(({ socket }) => socket.destroy()));
    const before = await child.memory();
    expect(before.held).toMatchObject({ sessions: COUNT, streams: COUNT, calls: 0 });

    // 4 MB for each of them: 4 GB, if it were kept.
    const talk = rpc('tools/call', { name: 'gabble', arguments: { count: 400, size: 10_000 } });
    for (let n = 0; n < COUNT; n += 50) {
      const posted = stalled.slice(n, n + 50).map(({ endpoint }) => post(socketPath, endpoint, talk));
      expect(new Set(await Promise.all(posted))).toEqual(new Set([202]));
    }
    // Each call stands still where its client does.
    let last = -1;
    await until(
      'the server is at rest',
      async () => {
        const { heapUsed, external, held } = await child.memory();
        const now = Math.round((heapUsed + external) / MIB);
        const isStill = Math.abs(now - last) <= 1 && held.calls === COUNT;
        last = now;
        return isStill;
      },
      60_000,
    );
    const after = await child.memory();
    const grown = after.heapUsed + after.external - before.heapUsed - before.external;
    // The buffer and the one message above it, twice while it is written; the windows; and the calls themselves.
    const bound = COUNT * 2 * (limits.streamBufferBytes + 10_000) + limits.replayTotalBytes + COUNT * 20_000;
    expect(grown).toBeLessThan(bound);
    expect(after.rss - before.rss).toBeLessThan(2 * bound);
    expect(after.held).toMatchObject({ sessions: COUNT, streams: COUNT, calls: COUNT });

    const begun = performance.now();
    const session = await openSession(child.url);
    const { messages } = await session.post(rpc('tools/call', { name: 'add', arguments: { a: 1, b: 2 } }));
    expect(messages).toHaveLength(1);
    expect(performance.now() - begun).toBeLessThan(5000);
    await session.delete();
  }, 180_000);
});

describe('a client that stalls', () => {
  it('loses its connection after STALL_MS, and reads the rest when it comes back', async () => {
    const server = await start({ tools: [gabble], stallMs: 2000, replayBytes: 64 * MIB, replayEvents: 10_000 });
    const socket = await RawSocket.open(server.url);
    closing.push(() => socket.close());
    await socket.send({ path: '/sse', headers: { Accept: 'text/event-stream' } });
    const head = await socket.head();
    expect(head.status).toBe(200);
    await until('it is there', () => server.mcp.sessions.size === 1);
    const [session] = server.mcp.sessions;
    const talk = rpc('tools/call', { name: 'gabble', arguments: { count: 100, size: 150_000 } }, 't');
    await call(`${server.url}/messages/?session_id=${session?.id}`, { body: talk });
    await until('its connection is ended', () => server.mcp.streams.size === 0, 20_000);
    expect(server.mcp.sessions.size).toBe(1);
    const back = await openStream(`${server.url}/sse`, { headers: { 'Last-Event-ID': `${session?.id}.m.0` } });
    await back.nextMessage(({ id }) => id === 't', { waitMs: 15_000 });
    expect(back.events.filter(isMessage)).toHaveLength(101);
    back.close();
  }, 60_000);

  it('is told in words when the window has moved on meanwhile', async () => {
    const server = await start({ tools: [gabble], stallMs: 1500, replayBytes: MIB });
    const socket = await RawSocket.open(server.url);
    closing.push(() => socket.close());
    await socket.send({ path: '/sse', headers: { Accept: 'text/event-stream' } });
    await until('it is there', () => server.mcp.streams.size === 1);
    const [session] = server.mcp.sessions;
    const talk = rpc('tools/call', { name: 'gabble', arguments: { count: 100, size: 150_000 } }, 't');
    await call(`${server.url}/messages/?session_id=${session?.id}`, { body: talk });
    await until('its connection is ended', () => server.mcp.streams.size === 0, 20_000);
    // Nobody reads, so the call is not held up any more, and its end is what is kept.
    await until('the call is over', () => server.mcp.calls.size === 0);
    const headers = { Accept: 'text/event-stream', 'Last-Event-ID': `${session?.id}.m.0` };
    const { status, json } = await call(`${server.url}/sse`, { headers });
    expect(status).toBe(400);
    expect(json.error.message).toContain('no longer kept');
  }, 60_000);
});

describe('a message larger than the window and the buffer', () => {
  const small = { replayBytes: 10_000, replayTotalBytes: 20_000, streamBufferBytes: 10_000 };
  const SIZE = 4_000_000;

  it.each(['legacy', 'mcp'])(
    'is delivered whole to a client that is slow but lives (%s door)',
    async (door) => {
      const server = await start({ ...small, stallMs: 10_000, streamAfterMs: 0 });
      const proxy = await proxied(server.url, { bytesPerSecond: 3_000_000 });
      const large = rpc('tools/call', { name: 'large_result', arguments: { bytes: SIZE } }, 'l');
      const pair = door === 'legacy' ? await openLegacy(proxy.url) : undefined;
      const session = await openSession(proxy.url);
      await pair?.send(large);
      const reader =
        pair?.reader ??
        (await openStream(`${proxy.url}/mcp`, {
          body: large,
          headers: { ...session.headers, Accept: 'text/event-stream' },
        }));
      const { result } = await reader.nextMessage(({ id }) => id === 'l', { waitMs: 15_000 });
      expect(result.content[0].text).toHaveLength(SIZE);
      reader.close();
      await session.delete();
    },
    60_000,
  );

  it('does not keep the small ones that come with it from a client that reads', async () => {
    const server = await start({ ...small, replayBytes: 200_000, replayTotalBytes: 100 * MIB });
    const pair = await openLegacy(server.url);
    const sizes = [100_000, 10, 150_000, 20, 190_000, 30, 120_000, 40];
    await Promise.all(
      sizes.map((bytes, id) => pair.send(rpc('tools/call', { name: 'large_result', arguments: { bytes } }, id))),
    );
    const lengths: number[] = [];
    for (const id of sizes.keys()) {
      const { result } = await pair.reader.nextMessage((message) => message.id === id);
      lengths.push(result.content[0].text.length);
    }
    expect(lengths).toEqual(sizes);
    pair.close();
  });
});
