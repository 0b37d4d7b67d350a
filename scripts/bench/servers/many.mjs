// @ts-check
// Our server with as many tools as are asked for, and one that takes for ever: what a call costs must not depend on
// what else there is.
import { z } from 'zod';

const built = new URL('../../../dist/server/index.js', import.meta.url).href;
/** @type {unknown} */
const program = await import(built);
const { createMcpApp, defineTool } = /** @type {typeof import('../../../server/index.js')} */ (program);

const message = z.object({ message: z.string() });
const echo = defineTool({ name: 'echo', description: 'Echo', input: message, run: ({ message }) => message });
const wait = defineTool({
  name: 'wait',
  description: 'Waits',
  run: (_args, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('over'))),
});
const others = Array.from({ length: Number(process.env.TOOLS ?? 2) - 2 }, (_, n) =>
  defineTool({ name: `other_${n}`, description: 'Another', input: message, run: ({ message }) => message }),
);
const mcp = createMcpApp({
  name: 'many',
  version: '1.0.0',
  tools: [echo, wait, ...others],
  maxSessions: 20_000,
  maxCalls: 20_000,
  maxCallsPerSession: 20_000,
});
console.log(`listening on ${(await mcp.listen()).url}`);
