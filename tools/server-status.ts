import * as z from 'zod';
import { defineTool, type Tool } from './define-tool.js';

/** What only the running server knows of itself. */
export interface StatusFacts {
  readonly name: string;
  readonly version: string;
  /** In ms since the epoch. */
  readonly startedAt: number;
  readonly sessions: () => number;
  readonly tools: () => number;
}

/** Says how the server is and how the caller is connected to it; nothing of the machine it runs on. */
export function serverStatus(facts: StatusFacts): Tool {
  return defineTool({
    name: 'server_status',
    title: 'Server status',
    description:
      'Reports which MCP server this is, how long it has been up, and how this client is connected to it: protocol revision, whether there is a session, and the client name it sees. Takes no arguments; call it first when something about the connection is in doubt.',
    input: z.object({}),
    output: z.object({
      name: z.string().describe('Name of the server'),
      version: z.string().describe('Version of the server'),
      revision: z.string().describe('MCP revision this call was made in'),
      session: z.boolean().describe('Whether this call belongs to a session'),
      client: z
        .object({ name: z.string(), version: z.string() })
        .optional()
        .describe('What the client calls itself; absent when it did not say'),
      uptimeSeconds: z.number().describe('Whole seconds since the server started'),
      nodeVersion: z.string().describe('Version of Node.js the server runs on'),
      sessions: z.number().describe('Sessions open now, over all doors'),
      tools: z.number().describe('Tools this server has'),
    }),
    annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    run(_args, { client, revision, sessionId }) {
      return {
        name: facts.name,
        version: facts.version,
        revision,
        session: sessionId !== undefined,
        client: client.info && { name: client.info.name, version: client.info.version },
        // A clock that was set back must not make the server younger than it is.
        uptimeSeconds: Math.max(0, Math.floor((Date.now() - facts.startedAt) / 1000)),
        nodeVersion: process.version,
        sessions: facts.sessions(),
        tools: facts.tools(),
      };
    },
  });
}
