// fastmcp over HTTP streaming; it needs a port by number, so one that was free a moment ago is taken.
import { createServer } from 'node:net';
import { FastMCP } from 'fastmcp';
import { z } from 'zod';

const { MODE = 'stateless-json' } = process.env;
const server = new FastMCP({ name: 'fastmcp', version: '1.0.0' });
server.addTool({
  name: 'echo',
  description: 'Echo',
  parameters: z.object({ message: z.string() }),
  execute: ({ message }) => Promise.resolve(message),
});
const port = await freePort();
await server.start({
  transportType: 'httpStream',
  httpStream: {
    port,
    host: '127.0.0.1',
    stateless: MODE.startsWith('stateless'),
    enableJsonResponse: MODE.endsWith('json'),
  },
});
console.log(`http://127.0.0.1:${port}`);

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
