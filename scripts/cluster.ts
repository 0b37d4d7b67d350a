/**
 * `npm run cluster`: a redis-server, two instances and a balancer, from what is installed, so that anyone can see
 * several instances be one server. Kill an instance and it is started again. Ctrl-C ends everything.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBalancer } from './balancer.js';

const MAIN = join(import.meta.dirname, '..', 'dist', 'server', 'main.js');
const NAMES = ['one', 'two'];
const RESTART_MS = 500;
const port = Number(process.env.PORT ?? 8080);

const folder = await mkdtemp(join(tmpdir(), 'dualgauge-cluster-'));
const children = new Set<ChildProcess>();
const ports = new Map<string, number>();
const { server } = createBalancer(() => [...ports.values()]);
let isEnding = false;

// Before there is anything that could be left behind.
process.on('SIGINT', () => void end(0));
process.on('SIGTERM', () => void end(0));
process.on('uncaughtException', (error) => fail(error.message));
// Whatever ends this ends all of it.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

const redisPort = await freePort();
const redis = start('redis-server', [
  ...['--port', String(redisPort), '--bind', '127.0.0.1', '--dir', folder],
  ...['--save', '', '--appendonly', 'yes'],
]);
redis.once('error', (error) =>
  fail(`redis-server cannot be started (${error.message}): install it, on Debian with apt install redis-server`),
);
redis.once('exit', () => server.listening || fail('redis-server ended before it was ready'));
await said(redis, /Ready to accept connections/);

const isTokenGiven = (process.env.DEBUG_TOKEN ?? '') !== '';
const debugToken = isTokenGiven ? process.env.DEBUG_TOKEN : randomBytes(16).toString('hex');
// What the operator chose need not stand on a screen.
const shownToken = isTokenGiven ? 'your DEBUG_TOKEN' : debugToken;
const env = {
  ...process.env,
  DEBUG_TOKEN: debugToken,
  HOST: '127.0.0.1',
  TRUST_PROXY: '1',
  REDIS_URL: `redis://127.0.0.1:${redisPort}`,
  STATE_SECRET: randomBytes(32).toString('hex'),
};
await Promise.all(NAMES.map(keepRunning));

server.once('error', (error: NodeJS.ErrnoException) =>
  fail(error.code === 'EADDRINUSE' ? `the port ${port} is in use: set PORT to another` : error.message),
);
server.listen(port, '127.0.0.1', () => {
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}`;
  console.log(`
Two instances and a Redis are one server at ${url}

  Modern clients   ${url}/mcp
  Legacy clients   ${url}/sse

  Operator token   ${shownToken}  (for what happens on all of them, on the page at ${url})

  Redis            redis://127.0.0.1:${redisPort}
  Each request goes to the next instance. Kill one (kill -9 <pid>) and see its sessions live on.
  Ctrl-C ends everything.
`);
});

async function keepRunning(name: string): Promise<void> {
  const child = start(process.execPath, [MAIN], { ...env, PORT: String(ports.get(name) ?? 0) });
  child.once('exit', () => {
    if (isEnding) return;
    console.log(`  ${name} is gone`);
    setTimeout(() => void keepRunning(name), RESTART_MS);
  });
  const [, at] = await said(child, /listens on http:\/\/[^:]+:(\d+)/);
  ports.set(name, Number(at));
  console.log(`  ${name.padEnd(16)} http://127.0.0.1:${at} (pid ${child.pid})`);
}

function start(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = process.env): ChildProcess {
  // In a group of its own, so that Ctrl-C reaches it when we say so, and in our order.
  const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

function said(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-10_000);
      const match = pattern.exec(text);
      if (match !== null) resolve(match);
    });
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const at = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof at === 'object' && at !== null ? at.port : 0;
}

function fail(why: string): void {
  if (isEnding) return;
  console.error(`cluster: ${why}`);
  void end(1);
}

// Redis, which is the first, last: instances have something to say to it when they go.
async function end(code: number): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  // One Ctrl-C may arrive more than once: from the terminal and from whoever runs this. A second one comes later.
  setTimeout(() => process.on('SIGINT', () => process.exit(1)), 1000).unref();
  server.close();
  const [first, ...instances] = children;
  await Promise.all(instances.map(stop));
  server.closeAllConnections();
  await stop(first);
  await rm(folder, { recursive: true, force: true });
  process.exit(code);
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
