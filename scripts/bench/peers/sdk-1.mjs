// The official SDK v1 as its README and examples set it up.
import { randomUUID } from 'node:crypto';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express from 'express';
import { z } from 'zod';

const { MODE = 'stateless-json' } = process.env;
const app = express();
app.use(express.json({ limit: '4mb' }));

function createServer() {
  const server = new McpServer({ name: 'sdk-1', version: '1.0.0' });
  server.registerTool('echo', { description: 'Echo', inputSchema: { message: z.string() } }, ({ message }) => ({
    content: [{ type: 'text', text: message }],
  }));
  return server;
}

if (MODE.startsWith('stateless')) {
  app.post('/mcp', async (req, res) => {
    const server = createServer();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: undefined,
      enableJsonResponse: MODE === 'stateless-json',
    });
    res.on('close', () => {
      void transport.close();
      void server.close();
    });
    await server.connect(transport);
    await transport.handleRequest(req, res, req.body);
  });
} else if (MODE === 'legacy') {
  const transports = new Map();
  app.get('/sse', async (_req, res) => {
    const transport = new SSEServerTransport('/messages', res);
    transports.set(transport.sessionId, transport);
    res.on('close', () => transports.delete(transport.sessionId));
    await createServer().connect(transport);
  });
  app.post('/messages', async (req, res) => {
    await transports.get(req.query.sessionId)?.handlePostMessage(req, res, req.body);
  });
} else {
  const transports = new Map();
  app.all('/mcp', async (req, res) => {
    const known = transports.get(req.headers['mcp-session-id']);
    if (known !== undefined) return known.handleRequest(req, res, req.body);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      enableJsonResponse: true,
      onsessioninitialized: (id) => transports.set(id, transport),
    });
    transport.onclose = () => transports.delete(transport.sessionId);
    await createServer().connect(transport);
    await transport.handleRequest(req, res, req.body);
  });
}

const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
