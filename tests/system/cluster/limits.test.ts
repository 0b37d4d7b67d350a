import { afterEach, expect, it } from '@jest/globals';
import { Cluster } from '../../support/cluster/cluster.js';
import { describeWith } from '../../support/cluster/programs.js';
import { until } from '../../support/cluster/until.js';
import { call, LegacyVisitor, McpVisitor, modern, post } from '../../support/cluster/visitor.js';
import { RawSocket } from '../../support/raw-socket.js';

describeWith(['redis-server'], 'what two instances keep in Redis', () => {
  let cluster: Cluster;

  afterEach(() => cluster.close());

  it('are sessions up to one limit for both', async () => {
    cluster = await Cluster.start({ MAX_SESSIONS: '4' });
    const [a, b] = await cluster.addAll('A', 'B');
    const first = await McpVisitor.open(a);
    await Promise.all([McpVisitor.open(b), McpVisitor.open(a), LegacyVisitor.open(b).then((legacy) => legacy.close())]);
    for (const at of [a, b]) await expect(McpVisitor.open(at)).rejects.toThrow('503');
    expect((await fetch(`${a.url}/sse`)).headers.get('retry-after')).not.toBeNull();
    await first.status(b, 'DELETE');
    await McpVisitor.open(a);
    await expect(McpVisitor.open(b)).rejects.toThrow('503');
  }, 60_000);

  it('are counts of calls up to one limit for both, and each its own while Redis is away', async () => {
    cluster = await Cluster.start({ RATE_LIMIT_CALLS: '10/60' });
    const [a, b] = await cluster.addAll('A', 'B');
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1) statuses.push((await modern(n % 2 ? a : b, 'tools/list')).status);
    expect(statuses).toEqual([...Array<number>(10).fill(200), 429, 429]);
    await cluster.redis.kill();
    await until(async () => (await fetch(`${a.url}/ready`)).status === 503);
    expect((await modern(a, 'tools/list')).status).toBe(200);
  }, 60_000);

  it('has our prefix, expires, and holds no token', async () => {
    const token = 'a-token-that-must-not-be-kept-0123456789';
    cluster = await Cluster.start({
      REDIS_PREFIX: 'mine:',
      AUTH_TOKENS: `ada:${token}`,
      RATE_LIMIT_CALLS: '1000/60',
      RATE_LIMIT_SESSIONS: '1000/60',
    });
    const [a, b] = await cluster.addAll('A', 'B');
    const headers = { Authorization: `Bearer ${token}` };
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
    const opened = await post(`${a.url}/mcp`, { jsonrpc: '2.0', id: 1, method: 'initialize', params }, headers);
    const own = { ...headers, 'Mcp-Session-Id': opened.headers.get('mcp-session-id') ?? '' };
    await post(
      `${b.url}/mcp`,
      { jsonrpc: '2.0', id: 2, method: 'resources/subscribe', params: { uri: 'note://1' } },
      own,
    );
    const streamed = call('work', { label: 'x', ms: 20, steps: 2 }, 3, { progressToken: 1 });
    await post(`${b.url}/mcp`, streamed, own);
    await post(`${a.url}/mcp`, call('change', { what: 'tools' }), own);
    const gone = await post(`${a.url}/mcp`, { jsonrpc: '2.0', id: 1, method: 'initialize', params }, headers);
    const id = gone.headers.get('mcp-session-id') ?? '';
    await fetch(`${b.url}/mcp`, { method: 'DELETE', headers: { ...headers, 'Mcp-Session-Id': id } });

    const keys = await cluster.redis.keys();
    expect(keys.length).toBeGreaterThan(8);
    expect(keys.filter((key) => !key.startsWith('mine:'))).toEqual([]);
    const forever = await Promise.all(
      keys.map(async (key) => [key, Number(await cluster.redis.ask('PTTL', key))] as const),
    );
    expect(forever.filter(([, ms]) => ms < 0)).toEqual([]);
    for (const key of keys) {
      const kept = await cluster.redis.ask('DUMP', key);
      expect(`${key} ${String(kept)}`).not.toContain(token);
      expect(`${key} ${String(kept)}`).not.toContain('Bearer');
    }
  }, 60_000);

  it('is bounded whatever a session does, and over two connections of each instance', async () => {
    cluster = await Cluster.start({ REPLAY_EVENTS: '50', REPLAY_BYTES: '20000' });
    const [a, b] = await cluster.addAll('A', 'B');
    const visitor = await McpVisitor.open(a);
    const stream = async (n: number): Promise<void> => {
      const message = call('work', { label: 'x', ms: 1, steps: 2 }, n, { progressToken: 1 });
      await visitor.post(n % 2 ? a : b, message);
    };
    for (let n = 0; n < 200; n += 20) await Promise.all(Array.from({ length: 20 }, (_, i) => stream(n + i)));
    const key = (kind: string): string => `dualgauge:${kind}:${visitor.session}`;
    expect(await cluster.redis.ask('XLEN', key('e'))).toBeLessThanOrEqual(101);
    expect(await cluster.redis.ask('HLEN', key('m'))).toBeLessThan(200);
    expect(await cluster.redis.ask('HLEN', key('c'))).toBe(0);
    await Promise.all(Array.from({ length: 30 }, () => McpVisitor.open(b)));
    const clients = String(await cluster.redis.ask('CLIENT', 'LIST'))
      .trim()
      .split('\n');
    // Two of each instance, and the one that asks.
    expect(clients).toHaveLength(5);
  }, 60_000);

  it('is told to a slow reader when the window has moved past it', async () => {
    cluster = await Cluster.start({ REPLAY_EVENTS: '20', STREAM_BUFFER_BYTES: '16384', STALL_MS: '60000' });
    const [a, b] = await cluster.addAll('A', 'B');
    const legacy = await LegacyVisitor.open(a);
    await legacy.initialize(a);
    const from = legacy.lastEventId;
    legacy.close();
    const slow = await RawSocket.open(a.url);
    await slow.send({ method: 'GET', path: '/sse', headers: { Accept: 'text/event-stream', 'Last-Event-ID': from } });
    const head = await slow.head('GET');
    // It reads no more from here on.
    await legacy.post(b, call('flood', { events: 400, bytes: 50_000 }, 1));
    await until(
      async () => Number(await cluster.redis.ask('HGET', `dualgauge:m:${legacy.session}`, 'v:m')) > 300,
      30_000,
    );
    const late = await fetch(`${b.url}/sse`, { headers: { Accept: 'text/event-stream', 'Last-Event-ID': from } });
    expect([late.status, await late.text()]).toEqual([400, expect.stringContaining('no longer kept')]);
    // What it was given is whole and in order, and then the stream ends: nothing is skipped in silence.
    const said: number[] = [];
    let text = '';
    for await (const chunk of head.body) text += chunk.toString('latin1');
    for (const [, n] of text.matchAll(/"data":"(\d+) x/g)) said.push(Number(n));
    expect(said).toEqual(said.map((_, index) => index));
    expect(said.length).toBeLessThan(400);
    slow.close();
  }, 60_000);
});
