// What is over leaves nothing: after 100,000 sessions the heap is where it was.
import { afterEach, describe, expect, it } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { startChild, type ChildServer } from '../support/child-server.js';
import { rpc } from '../support/http-call.js';
import { useLeakNet } from '../support/leak-net.js';
import { formatRequest } from '../support/raw-socket.js';
import { until } from '../support/until.js';

const MIB = 1024 * 1024;
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

useLeakNet();

const JSON_TYPE = { 'Content-Type': 'application/json' };
const OPENING = JSON.stringify(
  rpc('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'soak', version: '1' } }),
);
const CALL = JSON.stringify(rpc('tools/call', { name: 'gabble', arguments: { count: 2 } }, 2));

/** One connection that is used again and again; what comes is looked at as text, and only for what is awaited. */
class Line {
  readonly #socket: Socket;
  readonly #host: string;
  #text = '';
  #wake: () => void = () => undefined;

  constructor(url: string) {
    const { hostname, port, host } = new URL(url);
    this.#host = host;
    this.#socket = connect(Number(port), hostname);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
      this.#wake();
    });
    this.#socket.on('error', () => undefined);
  }

  async ask(request: Parameters<typeof formatRequest>[1], until: RegExp): Promise<RegExpExecArray> {
    this.#socket.write(formatRequest(this.#host, request));
    for (;;) {
      const match = until.exec(this.#text);
      if (match !== null) {
        this.#text = '';
        return match;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

async function openAndClose(line: Line, doesCall: boolean): Promise<void> {
  const opened = await line.ask(
    { method: 'POST', path: '/mcp', headers: JSON_TYPE, body: OPENING },
    /mcp-session-id: (\S+)[^]*"id":1[^]*\}$/i,
  );
  const headers = { 'Mcp-Session-Id': opened[1] ?? '' };
  if (doesCall) {
    await line.ask(
      { method: 'POST', path: '/mcp', headers: { ...JSON_TYPE, ...headers }, body: CALL },
      /g said 2[^]*\r\n0\r\n\r\n$/,
    );
  }
  await line.ask({ method: 'DELETE', path: '/mcp', headers }, /^HTTP\/1\.1 204[^]*\r\n\r\n$/);
}

async function churn({ url }: ChildServer, count: number): Promise<void> {
  let left = count;
  const lines = Array.from({ length: 32 }, () => new Line(url));
  closing.push(() => lines.forEach((line) => line.close()));
  await Promise.all(
    lines.map(async (line) => {
      // Every tenth says something on a stream, too.
      while (left-- > 0) await openAndClose(line, left % 10 === 0);
      line.close();
    }),
  );
}

async function churnLegacy({ url }: ChildServer, count: number): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (left-- > 0) {
        const line = new Line(url);
        await line.ask({ path: '/sse', headers: { Accept: 'text/event-stream' } }, /data: \S+\n\n/);
        line.close();
      }
    }),
  );
}

describe('a server that has been used much', () => {
  it('holds nothing of 100,000 sessions that were opened and closed', async () => {
    const child = await startChild({ legacyResumeMs: 50, maxSessions: 5000 });
    closing.push(() => child.close());
    // What is made once is made now.
    await churn(child, 5000);
    const before = await child.memory();
    await churn(child, 95_000);
    const after = await child.memory();
    expect(after.held).toEqual(before.held);
    expect(after.held.sessions).toBe(0);
    // 50 bytes of each would be seen.
    expect(after.heapUsed - before.heapUsed).toBeLessThan(4.5 * MIB);
  }, 600_000);

  it('holds nothing of 15,000 legacy sessions whose clients left', async () => {
    const child = await startChild({ legacyResumeMs: 50, maxSessions: 20_000 });
    closing.push(() => child.close());
    // The operator's timeline is kept on purpose, within its own bound: it is full by then.
    await churnLegacy(child, 15_000);
    await until('they are forgotten', async () => (await child.memory()).held.sessions === 0, 30_000);
    const before = await child.memory();
    await churnLegacy(child, 15_000);
    await until('they are forgotten', async () => (await child.memory()).held.sessions === 0, 30_000);
    const after = await child.memory();
    expect(after.held).toEqual(before.held);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(3 * MIB);
  }, 300_000);
});
