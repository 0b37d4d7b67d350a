import * as z from 'zod';
import { defineTool } from './define-tool.js';

/** Says in words that a message made it here, and how. */
export const testConnection = defineTool({
  name: 'test_connection',
  title: 'Test connection',
  description:
    'Confirms that a message from this client reached the server, and says in plain words how: the MCP revision, whether there is a session, and which client sent it. Use it to check that a connection works end to end.',
  input: z.object({
    message: z.string().max(1000).describe('Any short text; it is repeated in the answer as proof that it arrived'),
  }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  run({ message }, { client, revision, sessionId }) {
    const sender = client.info === undefined ? 'a client that did not say its name' : nameOf(client.info);
    const session = sessionId === undefined ? 'without a session' : 'in a session';
    return `The connection works. Received "${message}" from ${sender}, in MCP revision ${revision}, ${session}.`;
  },
});

function nameOf({ name, version }: { readonly name: string; readonly version: string }): string {
  return version === '' ? name : `${name} ${version}`;
}
