/**
 * `npm run bench:cluster`: what it costs to share sessions. One instance in memory, one on Redis, two on Redis: calls a
 * second at both doors, how long an answer takes to arrive, what Redis is asked per call, what an idle session weighs.
 * Everything on this machine: with two instances, Redis, and whoever calls on the same cores, the sum is what is seen.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { call, hangUp, initialize, LegacyStream, post } from './cluster-callers.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'server', 'main.js');
const SECONDS = Number(process.env.BENCH_SECONDS ?? 1.5);
/** The best of so many: on a machine that has other things to do too, what was possible says more than what happened. */
const SLICES = Number(process.env.BENCH_SLICES ?? 4);
const CALLERS = 32;
const ROUND_TRIPS = 600;
const IDLE = 2000;

interface Row {
  readonly set: string;
  readonly values: Readonly<Record<string, string>>;
}

interface Instance {
  readonly port: number;
  readonly child: ChildProcess;
}

const rows: Row[] = [];
for (const [set, count, isShared] of [
  ['one, in memory', 1, false],
  ['one, on Redis', 1, true],
  ['two, on Redis', 2, true],
] as const) {
  rows.push({ set, values: await measure(count, isShared) });
}
print(rows);
hangUp();

interface Cluster {
  readonly ports: readonly number[];
  readonly instances: readonly Instance[];
  readonly processes: readonly ChildProcess[];
  /** What Redis says of itself; nothing where there is none. */
  readonly info: (section: string) => Promise<string>;
}

async function measure(count: number, isShared: boolean): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  const orNone = (value: string): string => (isShared ? value : '–');

  const run = async (label: string, cluster: Cluster, calls: () => Promise<number>): Promise<void> => {
    const slices: { rate: number; cpu: number; trips: number }[] = [];
    for (let slice = 0; slice < SLICES; slice += 1) {
      const [asked, used] = [trips(await cluster.info('commandstats')), cpuMs(cluster.processes)];
      const done = await calls();
      const cpu = (cpuMs(cluster.processes) - used) / done;
      slices.push({ rate: done / SECONDS, cpu, trips: (trips(await cluster.info('commandstats')) - asked) / done });
    }
    values[`${label}: calls/s`] = String(Math.round(Math.max(...slices.map(({ rate }) => rate))));
    const cpu = 1000 * Math.min(...slices.map((one) => one.cpu));
    values[`${label}: CPU µs per call, Redis included`] = String(Math.round(cpu));
    values[`${label}: Redis asked per call`] = orNone(Math.min(...slices.map((one) => one.trips)).toFixed(2));
  };

  await withCluster(count, isShared, async (cluster) => {
    const { ports } = cluster;
    await callMcp(ports, SECONDS);
    await run('/mcp, in a session', cluster, () => callMcp(ports, SECONDS));
    await run('/mcp, 2026-07-28', cluster, () => callModern(ports, SECONDS));
    await run('legacy pair', cluster, () => callLegacy(ports, SECONDS));
    const latency = await timeLegacy(ports);
    values['delivery p50, ms'] = quantile(latency, 0.5);
    values['delivery p99, ms'] = quantile(latency, 0.99);
  });

  // Memory in processes that have done nothing else: what they keep of earlier work would hide it.
  await withCluster(count, isShared, async (cluster) => {
    const { ports, instances, info } = cluster;
    const weigh = async (): Promise<[number, number]> => [usedMemory(await info('memory')), rss(instances)];
    const grow = async (what: string, number: number, open: (count: number) => Promise<() => void>) => {
      const warm = await open(500);
      const [redisBefore, before] = await weigh();
      const close = await open(number);
      await pause(1000);
      const [redisAfter, after] = await weigh();
      values[`instances' bytes per ${what}`] = String(Math.round((after - before) / number));
      values[`Redis' bytes per ${what}`] = orNone(String(Math.round((redisAfter - redisBefore) / number)));
      return (): void => {
        warm();
        close();
      };
    };
    await grow('idle /mcp session', IDLE, (number) => openMcp(ports, number));
    const close = await grow('idle legacy stream', IDLE / 4, (number) => openStreams(ports, number));
    values[`Redis asked per second by ${IDLE + 500} idle sessions, ${IDLE / 4 + 500} of them streams`] = isShared
      ? await idleCost(info)
      : '–';
    await run(`/mcp, among ${IDLE} idle sessions`, cluster, () => callMcp(ports, SECONDS));
    close();
  });
  return values;
}

async function withCluster(count: number, isShared: boolean, use: (cluster: Cluster) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dualgauge-bench-'));
  const redisPort = await freePort();
  const redis = isShared ? await startRedis(redisPort, folder) : undefined;
  const env = { REDIS_URL: isShared ? `redis://127.0.0.1:${redisPort}` : '', STATE_SECRET: 'x'.repeat(32) };
  const instances = await Promise.all(Array.from({ length: count }, () => startInstance(env)));
  const client = redis && (await createClient({ url: `redis://127.0.0.1:${redisPort}`, RESP: 2 }).connect());
  try {
    await use({
      ports: instances.map(({ port }) => port),
      instances,
      processes: [...instances.map(({ child }) => child), ...(redis ? [redis] : [])],
      info: async (section) => (await client?.info(section)) ?? '',
    });
  } finally {
    client?.destroy();
    for (const { child } of instances) await stop(child, 'SIGTERM');
    if (redis) await stop(redis, 'SIGTERM');
    await rm(folder, { recursive: true, force: true });
  }
}

async function idleCost(info: (section: string) => Promise<string>): Promise<string> {
  const before = trips(await info('commandstats'));
  await pause(3000);
  return ((trips(await info('commandstats')) - before) / 3).toFixed(1);
}

// What comes over the wire; what scripts do inside is in their time, not in the number of trips.
function trips(stats: string): number {
  let sum = 0;
  for (const [, name, calls] of stats.matchAll(/cmdstat_([\w|]+):calls=(\d+)/g)) {
    if (/^(evalsha|eval|subscribe|unsubscribe|hgetall|ping)$/.test(name ?? '')) sum += Number(calls);
  }
  return sum;
}

async function callMcp(ports: readonly number[], seconds: number): Promise<number> {
  const session = await initialize(ports[0] ?? 0);
  const headers = { 'Mcp-Session-Id': session, 'MCP-Protocol-Version': '2025-11-25' };
  return race(seconds, (n) => post(at(ports, n), '/mcp', call(n), headers).then(() => undefined));
}

async function callModern(ports: readonly number[], seconds: number): Promise<number> {
  const headers = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'echo' };
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return race(seconds, (n) => post(at(ports, n), '/mcp', call(n, { _meta }), headers).then(() => undefined));
}

async function callLegacy(ports: readonly number[], seconds: number): Promise<number> {
  const streams = await Promise.all(Array.from({ length: CALLERS }, (_, n) => LegacyStream.open(at(ports, n))));
  // Streams at one instance, messages at the next: what a balancer makes of it.
  const calls = await race(seconds, async (n, caller) => streams[caller]?.call(at(ports, n), n));
  for (const stream of streams) stream.close();
  return calls;
}

async function timeLegacy(ports: readonly number[]): Promise<number[]> {
  const stream = await LegacyStream.open(ports[0] ?? 0);
  const times: number[] = [];
  for (let n = 0; n < ROUND_TRIPS; n += 1) {
    const before = performance.now();
    await stream.call(ports.at(-1) ?? 0, n);
    times.push(performance.now() - before);
  }
  stream.close();
  return times.slice(50);
}

async function openMcp(ports: readonly number[], count: number): Promise<() => void> {
  await inTens(count, (n) => initialize(at(ports, n)));
  return () => undefined;
}

async function openStreams(ports: readonly number[], count: number): Promise<() => void> {
  const streams: LegacyStream[] = [];
  await inTens(count, async (n) => streams.push(await LegacyStream.open(at(ports, n))));
  return () => {
    for (const stream of streams) stream.close();
  };
}

async function inTens(count: number, run: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += 10) await Promise.all(Array.from({ length: 10 }, (_, i) => run(n + i)));
}

/** How many were done by all callers in that time. */
async function race(seconds: number, run: (n: number, caller: number) => Promise<unknown>): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let done = 0;
  const callers = Array.from({ length: CALLERS }, async (_, caller) => {
    for (; performance.now() < end; done += 1) await run(caller + done * CALLERS, caller);
  });
  await Promise.all(callers);
  return done;
}

function at(ports: readonly number[], n: number): number {
  return ports[n % ports.length] ?? 0;
}

async function startRedis(port: number, folder: string): Promise<ChildProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await says(child, /Ready to accept connections/);
  return child;
}

async function startInstance(env: Readonly<Record<string, string>>): Promise<Instance> {
  const own = { HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'warn', MAX_SESSIONS: '100000', DRAIN_MS: '0' };
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, ...own, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [, port] = await says(child, /listens on http:\/\/[^:]+:(\d+)/);
  return { port: Number(port), child };
}

function says(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', () => reject(new Error(`ended: ${text}`)));
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-10_000);
      const match = pattern.exec(text);
      if (match !== null) resolve(match);
    });
  });
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function rss(instances: readonly Instance[]): number {
  return instances.reduce((sum, { child }) => {
    const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8');
    return sum + Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }, 0);
}

function usedMemory(info: string): number {
  return Number(/used_memory:(\d+)/.exec(info)?.[1] ?? 0);
}

// What the kernel counted, in ticks of 10 ms.
function cpuMs(processes: readonly ChildProcess[]): number {
  return processes.reduce((sum, { pid }) => {
    const fields =
      readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
        .split(') ')[1]
        ?.split(' ') ?? [];
    return sum + 10 * (Number(fields[11]) + Number(fields[12]));
  }, 0);
}

function quantile(times: readonly number[], share: number): string {
  const sorted = [...times].sort((a, b) => a - b);
  return (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function print(all: readonly Row[]): void {
  const labels = Object.keys(all[0]?.values ?? {});
  console.log(`\n| | ${all.map(({ set }) => set).join(' | ')} |`);
  console.log(`|---|${all.map(() => '---:|').join('')}`);
  for (const label of labels) console.log(`| ${label} | ${all.map(({ values }) => values[label] ?? '').join(' | ')} |`);
}
