import type { McpAppOptions } from '../../server/options.js';
import { createMcpApp, type McpApp } from '../../server/app.js';
import { createLog } from '../../server/log.js';
import { builtInTools } from '../../tools/built-in.js';

export interface TestServer {
  /** Without a path. */
  readonly url: string;
  readonly port: number;
  readonly mcp: McpApp;
  close(): Promise<void>;
}

/** The real server on a free port of this machine, with the built-in tools and whatever else is asked for. */
export async function startServer(options: Partial<McpAppOptions> = {}): Promise<TestServer> {
  const facts = {
    name: 'dualgauge',
    version: '0.0.0-test',
    startedAt: Date.now(),
    sessions: () => mcp.sessions.size,
    tools: () => mcp.tools.size,
  };
  const { tools = [], ...rest } = options;
  const mcp: McpApp = createMcpApp({
    name: facts.name,
    version: facts.version,
    log: createLog({ level: 'silent' }),
    drainMs: 200,
    ...rest,
    tools: [...builtInTools(facts), ...tools],
  });
  const running = await mcp.listen();
  return { url: running.url, port: running.port, mcp, close: () => running.close() };
}
