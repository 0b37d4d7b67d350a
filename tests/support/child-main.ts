// A server in a process of its own, for tests that measure one. Its options come as JSON; it answers on the IPC channel.
import { once } from 'node:events';
import express from 'express';
import type { McpAppOptions } from '../../server/options.js';
import { heldBy, type ChildAnswer, type ChildQuestion } from './child-server.js';
import { gabbyTools } from './gabby-tools.js';
import { startServer } from './server.js';

const { socketPath, ...options } = JSON.parse(process.argv[2] ?? '{}') as Partial<McpAppOptions> & {
  readonly socketPath?: string;
};
const server = await startServer({ ...options, tools: gabbyTools });
if (socketPath !== undefined) await once(express().use(server.mcp.router()).listen(socketPath), 'listening');

function answer(message: ChildAnswer): void {
  process.send?.(message);
}

process.on('message', (question: ChildQuestion) => {
  if (question === 'memory') {
    // Twice: what the first round lets go of may hold more.
    globalThis.gc?.();
    globalThis.gc?.();
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    answer({ kind: 'memory', rss, heapUsed, external, arrayBuffers, held: heldBy(server) });
  } else {
    void server.close().then(() => process.exit(0));
  }
});

answer({ kind: 'listening', url: server.url });
