// @hono/mcp on @hono/node-server: the official SDK's server behind Hono's transport.
import { randomUUID } from 'node:crypto';
import { StreamableHTTPTransport } from '@hono/mcp';
import { serve } from '@hono/node-server';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { Hono } from 'hono';
import { z } from 'zod';

const { MODE = 'stateless-json' } = process.env;
const app = new Hono();

function createServer() {
  const server = new McpServer({ name: 'hono', version: '1.0.0' });
  server.registerTool('echo', { description: 'Echo', inputSchema: { message: z.string() } }, ({ message }) => ({
    content: [{ type: 'text', text: message }],
  }));
  return server;
}

if (MODE.startsWith('stateless')) {
  app.all('/mcp', async (c) => {
    const transport = new StreamableHTTPTransport({ enableJsonResponse: MODE === 'stateless-json' });
    await createServer().connect(transport);
    return transport.handleRequest(c);
  });
} else {
  const transports = new Map();
  app.all('/mcp', async (c) => {
    const known = transports.get(c.req.header('mcp-session-id'));
    if (known !== undefined) return known.handleRequest(c);
    const transport = new StreamableHTTPTransport({
      sessionIdGenerator: () => randomUUID(),
      enableJsonResponse: true,
      onsessioninitialized: (id) => transports.set(id, transport),
    });
    transport.onclose = () => transports.delete(transport.sessionId);
    await createServer().connect(transport);
    return transport.handleRequest(c);
  });
}

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(`http://127.0.0.1:${port}`));
