// Nobody between us and a client may take an idle stream for a dead one.
import { afterEach, describe, expect, it } from '@jest/globals';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { KEEP_ALIVE_FRAME } from '../../protocol/sse.js';
import { DEFAULT_SETTINGS } from '../../transports/settings.js';
import { SseWriter } from '../../transports/sse-writer.js';
import { Streams } from '../../transports/streams.js';
import { VisitNotes } from '../../transports/visit-notes.js';
import { withFakeClock } from '../support/fake-clock.js';
import { startProxy, type FaultyProxy } from '../support/faulty-proxy.js';
import { openStream, rpc } from '../support/http-call.js';
import { useLeakNet } from '../support/leak-net.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { streamModern } from '../support/modern-call.js';
import { findNginx, startNginx, type Nginx } from '../support/nginx.js';
import { gabble } from '../support/gabby-tools.js';
import type { SseReader } from '../support/sse-reader.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const closing: (FaultyProxy | Nginx)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((one) => one.close()));
});

const start = useLeakNet();

describe('keep-alive', () => {
  it('comes on every kind of stream', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool], keepAliveMs: 200, streamAfterMs: 20 });
    const session = await openSession(server.url);
    const wait = rpc('tools/call', { name: 'wait' });
    const running = await session.stream(wait);
    const streams: Record<string, SseReader> = {
      legacy: (await openLegacy(server.url)).reader,
      session: await session.get(),
      resumed: await session.get((await running.next()).id),
      post: await session.stream(wait),
      'post without a session': await openStream(`${server.url}/mcp`, { body: wait }),
      '2026-07-28': await streamModern(server.url, 'tools/call', { name: 'wait' }),
      subscription: await streamModern(server.url, 'subscriptions/listen', { notifications: {} }),
    };
    for (const [kind, reader] of Object.entries(streams)) {
      for (let n = 0; n < 3; n += 1) {
        const { comment } = await reader.next(({ comment }) => comment !== undefined, { what: `life on ${kind}` });
        expect(comment).toBe('keep-alive');
      }
    }
    waiting.finish();
    for (const reader of Object.values(streams)) reader.close();
    await session.delete();
  });

  it('comes at least every 15 s for hours, on each of many streams, from one timer', async () => {
    await withFakeClock(async (clock) => {
      const streams = new Streams(DEFAULT_SETTINGS);
      const writers = Array.from({ length: 20 }, () => createStream(streams, () => clock.now));
      for (let minute = 0; minute < 180; minute += 1) await clock.pass(60_000);
      for (const { said } of writers) {
        const gaps = said.map(({ at }, n) => at - (said[n - 1]?.at ?? 0));
        expect(Math.max(...gaps)).toBeLessThanOrEqual(15_000);
        // And no more than it takes.
        expect(said.length).toBeLessThan((180 * 60_000) / 12_000);
        expect(new Set(said.map(({ text }) => text))).toEqual(new Set([KEEP_ALIVE_FRAME]));
      }
      for (const { writer } of writers) writer.end('complete');
      expect(streams.size).toBe(0);
    });
  });

  it.each([
    ['lets a stream live behind a proxy that cuts what is idle', 250, 0],
    ['is what it lives by: without it the same proxy cuts', 60_000, 1],
  ])('%s', async (_what, keepAliveMs, cuts) => {
    const server = await start({ keepAliveMs });
    const proxy = await startProxy(server.url, { idleMs: 1000 });
    closing.push(proxy);
    const pair = await openLegacy(proxy.url);
    const begun = performance.now();
    await until('time has passed', () => performance.now() - begun > 3000);
    expect(proxy.cuts).toBe(cuts);
    if (cuts === 0) {
      await pair.send(rpc('ping'));
      expect(await pair.reader.nextMessage()).toMatchObject({ id: 1 });
    }
    pair.close();
  });
});

const nginx = findNginx();
// A machine of ours has it; elsewhere its absence should be seen, not pass for success.
const withNginx = nginx === undefined && process.env.CI === undefined ? it.skip : it;

describe('behind a real nginx that buffers and has little patience', () => {
  async function behindNginx(target: string): Promise<Nginx> {
    if (nginx === undefined) throw new Error('nginx is not installed');
    const started = await startNginx(nginx, target, [
      'proxy_http_version 1.1;',
      'proxy_set_header Connection "";',
      'proxy_buffering on;',
      'proxy_read_timeout 1s;',
    ]);
    closing.push(started);
    return started;
  }

  withNginx('(NEEDS nginx) a legacy stream lives, and what is said on it arrives at once', async () => {
    const server = await start({ keepAliveMs: 300 });
    const { url } = await behindNginx(server.url);
    const pair = await openLegacy(url, { isOurs: false });
    const begun = performance.now();
    await until('time has passed', () => performance.now() - begun > 3000);
    await pair.post(rpc('ping'), { isOurs: false });
    expect(await pair.reader.nextMessage()).toMatchObject({ id: 1 });
    expect(server.mcp.sessions.size).toBe(1);
    pair.close();
  });

  withNginx('(NEEDS nginx) a call that takes longer than its patience is answered, step by step', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [gabble, waiting.tool], keepAliveMs: 300, streamAfterMs: 100 });
    const { url } = await behindNginx(server.url);
    const session = await openSession(server.url);
    const { headers } = session;
    const reader = await openStream(`${url}/mcp`, {
      body: rpc('tools/call', { name: 'wait' }, 'w'),
      headers,
      isOurs: false,
    });
    await waiting.started();
    const begun = performance.now();
    await until('time has passed', () => performance.now() - begun > 2500);
    waiting.finish();
    expect(await reader.nextMessage()).toMatchObject({ id: 'w' });
    // The first of many arrives while the others are not said yet.
    const talk = rpc('tools/call', { name: 'gabble', arguments: { count: 20, everyMs: 100 } }, 't');
    const talking = await openStream(`${url}/mcp`, { body: talk, headers, isOurs: false });
    await talking.nextMessage();
    expect(server.mcp.calls.size).toBe(1);
    expect(await talking.nextMessage(({ id }) => id === 't')).toMatchObject({ result: {} });
    await session.delete();
  });
});

/** A stream on a connection that takes everything and remembers when. */
function createStream(
  streams: Streams,
  now: () => number,
): { writer: SseWriter; said: { readonly text: string; readonly at: number }[] } {
  const said: { text: string; at: number }[] = [];
  const socket = new Socket();
  const res = new ServerResponse(new IncomingMessage(socket));
  res.useChunkedEncodingByDefault = false;
  socket._write = (chunk: Buffer, _encoding, done) => {
    const text = chunk.toString();
    if (!text.startsWith('HTTP/')) said.push({ text, at: now() });
    done();
  };
  socket._writev = (chunks, done) => {
    const text = chunks.map(({ chunk }) => String(chunk)).join('');
    if (!text.startsWith('HTTP/')) said.push({ text, at: now() });
    done();
  };
  res.assignSocket(socket);
  const writer = new SseWriter(
    res,
    { kind: 'session', id: 'm', session: undefined, exchangeId: 'e', notes: new VisitNotes(res) },
    { limits: DEFAULT_SETTINGS, streams, observer: {} },
  );
  writer.open();
  return { writer, said };
}
