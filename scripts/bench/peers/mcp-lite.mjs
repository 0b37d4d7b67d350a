// mcp-lite on Hono, as its README sets it up.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { InMemorySessionAdapter, McpServer, StreamableHttpTransport } from 'mcp-lite';
import { z } from 'zod';

const { MODE = 'stateless-json' } = process.env;
const mcp = new McpServer({ name: 'mcp-lite', version: '1.0.0', schemaAdapter: (schema) => z.toJSONSchema(schema) });
mcp.tool('echo', {
  description: 'Echo',
  inputSchema: z.object({ message: z.string() }),
  handler: ({ message }) => ({ content: [{ type: 'text', text: message }] }),
});
const transport = new StreamableHttpTransport(
  MODE === 'session-json' ? { sessionAdapter: new InMemorySessionAdapter({ maxEventBufferSize: 1024 }) } : {},
);
const handle = transport.bind(mcp);
const app = new Hono();
app.all('/mcp', (c) => handle(c.req.raw));

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(`http://127.0.0.1:${port}`));
