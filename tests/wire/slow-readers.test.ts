// The contract's section "Slow readers": what a client does not take is bounded, waited for, and never dropped silently.
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineTool } from '../../tools/define-tool.js';
import type { TestServer } from '../support/server.js';
import { call, messagesOf, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { modern } from '../support/modern-call.js';
import { RawSocket } from '../support/raw-socket.js';
import { useServers } from '../support/servers.js';
import { isMessage } from '../support/sse-reader.js';
import { until } from '../support/until.js';

const start = useServers();

const KIB = 1024;
const MIB = 1024 * KIB;
const callTool = (name: string, args = {}, id: string | number = 1) => rpc('tools/call', { name, arguments: args }, id);
const textOf = (message: { result?: { content: { text: string }[] } }) => message.result?.content[0]?.text ?? '';

/** Says as much as it is told to, each piece numbered, at the pace of its client. */
const talk = defineTool({
  name: 'talk',
  description: 'Talks.',
  input: z.object({ pieces: z.number(), bytes: z.number() }),
  async run({ pieces, bytes }, context) {
    for (let piece = 1; piece <= pieces && !context.signal.aborted; piece += 1) {
      await context.log('info', `${piece} `.padEnd(bytes, '.'));
    }
    return 'said';
  },
});

/** A legacy client that reads its endpoint event and then nothing more. */
async function stalledLegacy(url: string) {
  const socket = await RawSocket.open(url);
  socket.socket.on('error', () => {});
  await socket.send({ path: '/sse', headers: { Accept: 'text/event-stream' } });
  const head = await socket.head();
  const first = await head.body[Symbol.asyncIterator]().next();
  const endpoint = /^data: (.*)$/m.exec(String(first.value))?.[1] ?? '';
  return { socket, post: (body: unknown) => call(url + endpoint, { body }) };
}

describe('a stalled client', () => {
  it('is waited for STALL_MS at most; then the connection is ended', async () => {
    const { url, mcp } = await start({ streamBufferBytes: 16 * KIB, stallMs: 200, tools: [talk] });
    const { socket, post } = await stalledLegacy(url);
    const startedAt = performance.now();
    await post(callTool('talk', { pieces: 100_000, bytes: 64 * KIB }));
    await until('the connection is ended', () => mcp.streams.size === 0);
    expect(performance.now() - startedAt).toBeGreaterThan(190);
    await socket.waitForEnd();
    socket.close();
  });

  it('makes its tool wait, and nothing grows', async () => {
    const { url, mcp } = await start({ stallMs: 60_000, tools: [talk] });
    const clients = await Promise.all(Array.from({ length: 5 }, () => stalledLegacy(url)));
    const before = process.memoryUsage();
    for (const { post } of clients) await post(callTool('talk', { pieces: 100_000, bytes: 64 * KIB }));
    await settled(mcp);
    const after = process.memoryUsage();
    // Each may hold 1 MiB of its window and 1 MiB of its stream, as text, and the machine's own buffers hold the rest.
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(100 * MIB);
    expect({ streams: mcp.streams.size, calls: mcp.calls.size }).toEqual({ streams: 5, calls: 5 });
    for (const { socket } of clients) socket.close();
  });

  it('that is of 2026-07-28 is ended too, and its call with it', async () => {
    const { url, mcp } = await start({ streamBufferBytes: 16 * KIB, stallMs: 200, tools: [talk] });
    const socket = await RawSocket.open(url);
    socket.socket.on('error', () => {});
    const { body, headers } = modern(
      'tools/call',
      { name: 'talk', arguments: { pieces: 100_000, bytes: 64 * KIB } },
      { logLevel: 'info' },
    );
    await socket.send({
      method: 'POST',
      path: '/mcp',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    expect((await socket.head('POST')).status).toBe(200);
    await until('the connection and the call are ended', () => mcp.streams.size === 0 && mcp.calls.size === 0);
    await socket.waitForEnd();
    socket.close();
  });

  it('does not slow down the others', async () => {
    const { url } = await start({ tools: [talk] });
    const stalled = await stalledLegacy(url);
    await stalled.post(callTool('talk', { pieces: 100_000, bytes: 64 * KIB }));
    const other = await openLegacy(url);
    for (let id = 0; id < 20; id += 1) {
      await other.send(callTool('echo', { message: 'x' }, id));
      expect(await other.reader.nextMessage()).toMatchObject({ id });
    }
    other.close();
    stalled.socket.close();
  });
});

describe('a tool that talks on when nobody listens any more', () => {
  it('lets everybody else go on', async () => {
    const { url, mcp } = await start({ tools: [talk] });
    const gone = await openLegacy(url);
    await gone.send(callTool('talk', { pieces: 1_000_000, bytes: KIB }));
    gone.close();
    await until('the stream is gone', () => mcp.streams.size === 0);
    expect((await call(`${url}/mcp`, { body: rpc('ping') })).status).toBe(200);
    expect(mcp.calls.size).toBe(1);
  });
});

describe('what was not delivered', () => {
  it('stays in the window of the session for a resume: in order, once', async () => {
    const { url, mcp } = await start({
      streamBufferBytes: 16 * KIB,
      stallMs: 200,
      replayBytes: 64 * MIB,
      tools: [talk],
    });
    const { socket, post } = await stalledLegacy(url);
    // More than the machine's own buffers swallow, less than the window.
    await post(callTool('talk', { pieces: 200, bytes: 128 * KIB }, 'all'));
    await until('the connection is ended', () => mcp.streams.size === 0);
    const { rest } = await socket.waitForEnd();
    socket.close();
    // Of what had left, the last whole event is what the client has seen.
    const whole = rest.toString('latin1').split('\n\n').slice(0, -1);
    const seen = /^id: (.*)$/m.exec(whole.at(-1) ?? '')?.[1] ?? '';
    const numbers = whole.flatMap((block) => /"data":"(\d+) /.exec(block)?.[1] ?? []).map(Number);
    expect(numbers.length).toBeLessThan(200);

    const again = await openLegacy(url, { headers: { 'Last-Event-ID': seen } });
    await again.reader.nextMessage(({ id }) => id === 'all');
    const resumed = messagesOf(again.reader, '2024-11-05').filter(({ method }) => method === 'notifications/message');
    numbers.push(...resumed.map(({ params }) => Number.parseInt(String(params.data), 10)));
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    again.close();
  });
});

describe('a reader that is slow but reads', () => {
  it.each([
    ['many small pieces', 5000, 100],
    ['pieces of 100 kB, ten times the window', 100, 100 * KIB],
  ])('gets everything, in order, whatever the window: %s', async (_what, pieces, bytes) => {
    const { url } = await start({ tools: [talk] });
    const { stream } = await openSession(url);
    const reader = await stream(callTool('talk', { pieces, bytes }, 'talk'));
    await reader.nextMessage(({ id }) => id === 'talk', { waitMs: 15_000 });
    const heard = reader.events.filter(isMessage).map(({ data }) => Number(/"data":"(\d+) /.exec(data)?.[1]));
    expect(heard.slice(0, -1)).toEqual(Array.from({ length: pieces }, (_, index) => index + 1));
    reader.close();
  });

  it('gets everything on the legacy stream too', async () => {
    const { url } = await start({ tools: [talk] });
    const { send, reader, close } = await openLegacy(url);
    await send(callTool('talk', { pieces: 100, bytes: 100 * KIB }, 'talk'));
    await reader.nextMessage(({ id }) => id === 'talk', { waitMs: 15_000 });
    expect(messagesOf(reader, '2024-11-05')).toHaveLength(101);
    close();
  });
});

describe('a single message larger than the window', () => {
  it('is delivered to a living reader all the same, and is then the whole window', async () => {
    const { url, mcp } = await start({ replayBytes: 1000 });
    const first = await openLegacy(url);
    await first.send(rpc('ping', {}, 'before'));
    const { id: before } = await first.reader.next(isMessage);
    await first.send(callTool('large_result', { bytes: 500 * KIB }, 'large'));
    const large = await first.reader.nextMessage();
    expect(textOf(large)).toHaveLength(500 * KIB);
    first.close();
    await until('the stream is gone', () => mcp.streams.size === 0);

    const tooFar = await call(`${url}/sse`, { headers: { 'Last-Event-ID': first.firstEventId } });
    expect(tooFar.status).toBe(400);
    const again = await openLegacy(url, { headers: { 'Last-Event-ID': before } });
    expect(textOf(await again.reader.nextMessage())).toHaveLength(500 * KIB);
    again.close();
  });

  it('is delivered on a POST too, with and without a session', async () => {
    const { url } = await start({ replayBytes: 1000, streamBufferBytes: 1000 });
    const { post } = await openSession(url);
    const large = callTool('large_result', { bytes: 2 * MIB });
    const headers = { Accept: 'text/event-stream' };
    for (const reply of [
      await post(large, { headers }),
      await call(`${url}/mcp`, { body: large, headers }),
      await post(large),
    ]) {
      expect(textOf(reply.messages.at(-1)!)).toHaveLength(2 * MIB);
    }
  });
});

describe('the window', () => {
  it('is over after REPLAY_MS', async () => {
    const { url, mcp } = await start({ replayMs: 50 });
    const { post, headers } = await openSession(url);
    const { events } = await post(callTool('large_result', { bytes: 10 }), {
      headers: { Accept: 'text/event-stream' },
    });
    const resume = { headers: { ...headers, Accept: 'text/event-stream', 'Last-Event-ID': events[0]?.id } };
    await until('it is over', async () => (await call(`${url}/mcp`, resume)).status === 400);
    expect(mcp.sessions.size).toBe(1);
  });
});

/** Waits until nothing more is written: the tools wait for their clients. */
async function settled({ calls }: TestServer['mcp']): Promise<void> {
  let last = -1;
  await until('the tools have said all they can', async () => {
    const before = process.memoryUsage().external;
    await new Promise((resolve) => setTimeout(resolve, 300));
    const isStill = Math.abs(process.memoryUsage().external - before) < MIB && last === calls.size;
    last = calls.size;
    return isStill;
  });
}
