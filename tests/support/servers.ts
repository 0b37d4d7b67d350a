import { afterEach } from '@jest/globals';
import type { McpAppOptions } from '../../server/options.js';
import { startServer, type TestServer } from './server.js';

/** Starts servers that end with the test that asked for them. To be called at the top of a file. */
export function useServers(): (options?: Partial<McpAppOptions>) => Promise<TestServer> {
  const running: TestServer[] = [];

  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.close()));
  });

  return async function start(options) {
    const server = await startServer(options);
    running.push(server);
    return server;
  };
}
