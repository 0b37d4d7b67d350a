import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { McpAppOptions } from '../../server/options.js';
import { within } from './clients/within.js';
import type { TestServer } from './server.js';

export type ChildQuestion = 'memory' | 'close';

export interface ChildMemory {
  readonly kind: 'memory';
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly held: Record<string, number>;
}

export type ChildAnswer = ChildMemory | { readonly kind: 'listening'; readonly url: string };

export interface ChildServer {
  readonly url: string;
  /** After the garbage was collected. */
  memory(): Promise<ChildMemory>;
  close(): Promise<void>;
}

const START_MS = 60_000;

/** What a server holds for its clients. */
export function heldBy({ mcp }: TestServer): Record<string, number> {
  let answers = 0;
  for (const session of mcp.sessions) answers += session.openQuestions;
  return {
    sessions: mcp.sessions.size,
    streams: mcp.streams.size,
    delivering: mcp.streams.delivering,
    calls: mcp.calls.size,
    answers,
  };
}

/**
 * Starts a server in a process of its own, with a garbage collector that can be told to work. On a `socketPath` it listens
 * as well: there the system takes little of what a client does not read.
 */
export async function startChild(
  options: Partial<McpAppOptions> & { readonly socketPath?: string } = {},
): Promise<ChildServer> {
  const main = join(import.meta.dirname, 'child-main.ts');
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', main, JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const exited = once(child, 'exit');
  const listening = await next(child, 'listening', START_MS);
  return {
    url: listening.url,
    async memory() {
      child.send('memory' satisfies ChildQuestion);
      return next(child, 'memory', START_MS);
    },
    async close() {
      if (child.connected) child.send('close' satisfies ChildQuestion);
      const limit = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(limit);
    },
  };
}

async function next<K extends ChildAnswer['kind']>(
  child: ChildProcess,
  kind: K,
  waitMs: number,
): Promise<Extract<ChildAnswer, { kind: K }>> {
  const answered = new Promise<Extract<ChildAnswer, { kind: K }>>((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`The server exited with ${code}`));
    child.once('exit', onExit);
    child.on('message', function hear(answer: ChildAnswer) {
      if (answer.kind !== kind) return;
      child.off('message', hear);
      child.off('exit', onExit);
      resolve(answer as Extract<ChildAnswer, { kind: K }>);
    });
  });
  return within(waitMs, `the server to say ${kind}`, answered);
}
