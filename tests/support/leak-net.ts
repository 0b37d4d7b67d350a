// What must be back where it was when a test is over. To be cast at the top of a file, below whatever
// else ends with a test.
import { afterEach, beforeEach, expect } from '@jest/globals';
import type { McpAppOptions } from '../../server/options.js';
import { heldBy } from './child-server.js';
import { startServer, type TestServer } from './server.js';
import { until } from './until.js';

const NOTHING = { sessions: 0, streams: 0, delivering: 0, calls: 0, answers: 0 };

/**
 * Starts servers that end with the test that asked for them, and then hold nothing. Sockets, timers and signal listeners
 * of the process are as many as before the test.
 */
export function useLeakNet(): (options?: Partial<McpAppOptions>) => Promise<TestServer> {
  const servers: TestServer[] = [];
  let before = resources();

  beforeEach(() => {
    before = resources();
  });

  afterEach(async () => {
    const ended = servers.splice(0);
    await Promise.all(ended.map((server) => server.close()));
    for (const server of ended) {
      expect(heldBy(server)).toEqual(NOTHING);
    }
    // Connections of clients end a moment after the server's.
    await until(
      'sockets and timers are as many as before',
      () => [...resources()].every(([kind, count]) => count <= (before.get(kind) ?? 0)),
      5000,
    ).catch((cause: unknown) => {
      throw new Error(`Left over: ${JSON.stringify([...resources()])}, before: ${JSON.stringify([...before])}`, {
        cause,
      });
    });
  });

  return async function start(options) {
    const server = await startServer(options);
    servers.push(server);
    return server;
  };
}

/** Waits until a server holds nothing for anybody, though it goes on. */
export function quiet(server: TestServer): Promise<void> {
  return until('the server holds nothing', () => Object.values(heldBy(server)).every((count) => count === 0)).catch(
    (cause: unknown) => {
      throw new Error(`Still held: ${JSON.stringify(heldBy(server))}`, { cause });
    },
  );
}

// Only what keeps a process alive: `unref`ed timers of jest and of libraries are not ours to count.
function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!/^(TCPSocketWrap|TCPServerWrap|Timeout|PipeWrap|ProcessWrap)$/.test(kind)) continue;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
