import { describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { defineTool } from '../../tools/define-tool.js';
import type { Json } from '../support/clients/test-client.js';
import { messagesOf, rpc } from '../support/http-call.js';
import { useLeakNet } from '../support/leak-net.js';
import { openLegacy } from '../support/legacy-pair.js';
import { openSession } from '../support/mcp-session.js';
import { until } from '../support/until.js';
import { waitingTool } from '../support/waiting-tool.js';

const start = useLeakNet();

const reasons: unknown[] = [];
/** Makes progress again and again, until it is told to stop. */
const busy = defineTool({
  name: 'busy',
  description: 'Never done.',
  input: z.object({ everyMs: z.number() }),
  timeoutMs: 300,
  maxMs: 900,
  async run({ everyMs }, context) {
    context.signal.addEventListener('abort', () => reasons.push(context.signal.reason), { once: true });
    for (let n = 1; ; n += 1) {
      await delay(everyMs, undefined, { signal: context.signal });
      await context.progress(n);
    }
  },
});

const callBusy = (everyMs: number, meta?: Json): Json =>
  rpc('tools/call', { name: 'busy', arguments: { everyMs }, ...(meta !== undefined && { _meta: meta }) }, 'b');

describe('the time of a tool', () => {
  it('is over when it has made no progress for its timeout: the model reads that, the handler hears it', async () => {
    const server = await start({ tools: [busy] });
    const session = await openSession(server.url);
    reasons.length = 0;
    const { messages } = await session.post(callBusy(60_000));
    const [{ result }] = messages as [Json];
    expect(result.isError).toBe(true);
    expect(result.content[0].text).toMatch(/^Tool busy timed out after \d+ ms$/);
    expect(reasons).toEqual(['timeout']);
    await session.delete();
  });

  it('goes on with progress, and is over at its maximum in spite of it', async () => {
    const server = await start({ tools: [busy] });
    const session = await openSession(server.url);
    reasons.length = 0;
    const begun = performance.now();
    const { messages } = await session.post(callBusy(50, { progressToken: 't' }));
    expect(performance.now() - begun).toBeGreaterThanOrEqual(900);
    expect(messages.at(-1)).toMatchObject({ result: { isError: true } });
    expect(messages.length).toBeGreaterThan(5);
    expect(reasons).toEqual(['timeout']);
    await session.delete();
  });

  it('is the same for clients that gave no token: progress counts though it is not sent', async () => {
    const server = await start({ tools: [busy] });
    const session = await openSession(server.url);
    const begun = performance.now();
    const { messages } = await session.post(callBusy(50));
    expect(performance.now() - begun).toBeGreaterThanOrEqual(900);
    expect(messages).toHaveLength(1);
    await session.delete();
  });

  it('comes from the settings for tools that say nothing', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool], toolTimeoutMs: 100 });
    const pair = await openLegacy(server.url);
    await pair.send(rpc('tools/call', { name: 'wait' }, 'w'));
    expect(await pair.reader.nextMessage()).toMatchObject({ id: 'w', result: { isError: true } });
    expect(waiting.signals[0]?.reason).toBe('timeout');
    pair.close();
  });
});

describe('heartbeats', () => {
  it.each(['legacy', 'mcp'])(
    'reach a client with a progress token in time, and only go forward (%s door)',
    async (door) => {
      const waiting = waitingTool();
      const server = await start({ tools: [waiting.tool], keepAliveMs: 200, streamAfterMs: 50 });
      const message = rpc('tools/call', { name: 'wait', _meta: { progressToken: 7 } }, 'w');
      const pair = door === 'legacy' ? await openLegacy(server.url) : undefined;
      const session = pair === undefined ? await openSession(server.url) : undefined;
      await pair?.send(message);
      const reader = pair?.reader ?? (await session!.stream(message));
      const steps: number[] = [];
      let last = performance.now();
      while (steps.length < 5) {
        const { method, params } = await reader.nextMessage();
        expect(method).toBe('notifications/progress');
        expect(params.progressToken).toBe(7);
        expect(performance.now() - last).toBeLessThan(2000);
        last = performance.now();
        steps.push(params.progress);
      }
      expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
      expect(steps.at(-1)).toBeLessThan(0.001);
      waiting.finish();
      expect(await reader.nextMessage(({ id }) => id === 'w')).toMatchObject({ result: {} });
      messagesOf(reader, '2025-11-25');
      pair?.close();
      await session?.delete();
    },
  );

  it('are no sign of life of the tool', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool], keepAliveMs: 100, toolTimeoutMs: 600, streamAfterMs: 50 });
    const session = await openSession(server.url);
    const { messages } = await session.post(rpc('tools/call', { name: 'wait', _meta: { progressToken: 7 } }, 'w'));
    expect(messages.at(-1)).toMatchObject({ id: 'w', result: { isError: true } });
    await session.delete();
  });

  it('do not come to a client that gave no token', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool], keepAliveMs: 100, streamAfterMs: 50 });
    const session = await openSession(server.url);
    const reader = await session.stream(rpc('tools/call', { name: 'wait' }, 'w'));
    await reader.next(({ comment }) => comment !== undefined);
    await reader.next(({ comment }) => comment !== undefined);
    waiting.finish();
    await reader.waitForEnd();
    expect(messagesOf(reader, '2025-11-25')).toHaveLength(1);
    await session.delete();
  });
});

describe('a session', () => {
  it('expires by idleness only when nothing is in flight and nothing attached', async () => {
    const waiting = waitingTool();
    const server = await start({ tools: [waiting.tool], sessionIdleMs: 150, streamAfterMs: 20 });
    const [idle, calling, listening] = await Promise.all([1, 2, 3].map(() => openSession(server.url)));
    const answer = await calling!.stream(rpc('tools/call', { name: 'wait' }));
    const stream = await listening!.get();
    await until('one has expired', () => server.mcp.sessions.size === 2);
    expect((await idle!.post(rpc('ping'))).status).toBe(404);
    const begun = performance.now();
    await until('time has passed', () => performance.now() - begun > 500);
    expect(server.mcp.sessions.size).toBe(2);
    waiting.finish();
    await answer.waitForEnd();
    stream.close();
    await until('all have expired', () => server.mcp.sessions.size === 0);
  });
});
