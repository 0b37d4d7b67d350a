// tmcp with its HTTP and SSE transports, on the adapter its README names.
import { createServer } from 'node:http';
import { createRequestListener } from '@remix-run/node-fetch-server';
import { ZodJsonSchemaAdapter } from '@tmcp/adapter-zod';
import { HttpTransport } from '@tmcp/transport-http';
import { SseTransport } from '@tmcp/transport-sse';
import { McpServer } from 'tmcp';
import { z } from 'zod';

const { MODE = 'stateless-json' } = process.env;
const mcp = new McpServer(
  { name: 'tmcp', version: '1.0.0', description: 'tmcp' },
  { adapter: new ZodJsonSchemaAdapter(), capabilities: { tools: {} } },
);
mcp.tool({ name: 'echo', description: 'Echo', schema: z.object({ message: z.string() }) }, ({ message }) => ({
  content: [{ type: 'text', text: message }],
}));
const transport =
  MODE === 'legacy'
    ? new SseTransport(mcp, { path: '/sse', endpoint: '/messages' })
    : new HttpTransport(mcp, { path: '/mcp' });

const server = createServer(
  createRequestListener(async (request) => (await transport.respond(request)) ?? new Response(null, { status: 404 })),
);
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
