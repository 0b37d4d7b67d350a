// A server in a process of its own, for tests that measure one or end one. Its options come as JSON; it answers on the IPC channel.
import type { McpAppOptions } from '../../server/options.js';
import { gabbyTools } from './gabby-tools.js';
import { heldBy, type ChildAnswer, type ChildQuestion } from './child-server.js';
import { startServer } from './server.js';

const options = JSON.parse(process.argv[2] ?? '{}') as Partial<McpAppOptions>;
const server = await startServer({ ...options, tools: gabbyTools });

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
