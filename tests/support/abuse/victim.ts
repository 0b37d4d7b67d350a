// A server of its own process, to be attacked: what it prints is all it prints, and when it dies it is dead.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { z } from 'zod';
import { createMcpApp } from '../../../server/app.js';
import { createLog } from '../../../server/log.js';
import type { McpAppOptions } from '../../../server/options.js';
import { builtInTools } from '../../../tools/built-in.js';
import { defineTool } from '../../../tools/define-tool.js';
import { SECRETS } from './secrets.js';

const hold = defineTool({
  name: 'hold',
  description: 'Holds until nobody waits any more.',
  async run(_args, { signal }) {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    return 'let go';
  },
});
const boom = defineTool({
  name: 'boom',
  description: 'Fails, with a secret in its words.',
  run: () => {
    throw new Error(`cannot log in with ${SECRETS.thrown}`);
  },
});
const ask = defineTool({
  name: 'ask',
  description: 'Asks the client.',
  run: async (_args, context) =>
    JSON.stringify(
      await context.elicit({ message: 'Name?', schema: { type: 'object', properties: { name: { type: 'string' } } } }),
    ),
});
const flood = defineTool({
  name: 'flood',
  description: 'Says more than anybody reads.',
  async run(_args, context) {
    for (let n = 0; n < 400 && !context.signal.aborted; n += 1) await context.log('error', 'x'.repeat(10_000));
    return 'said';
  },
});
const strict = defineTool({
  name: 'strict',
  description: 'Takes only what it says.',
  input: z.strictObject({ text: z.string().max(100), list: z.array(z.number()).max(10).optional() }),
  run: ({ text }) => text,
});
const scoped = defineTool({ name: 'scoped', description: 'For some.', scopes: ['admin'], run: () => 'yes' });

const facts = { name: 'victim', version: '0', startedAt: Date.now(), sessions: () => 0, tools: () => 0 };
const options = JSON.parse(process.argv[2] ?? '{}') as Partial<McpAppOptions>;
const mcp = createMcpApp({
  name: 'victim',
  version: '0',
  log: createLog({ level: 'debug', isReadable: false }),
  stateSecret: SECRETS.state,
  ...options,
  tools: [...builtInTools(facts), hold, boom, ask, flood, strict, scoped],
});
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();

const running = await mcp.listen();
process.send?.({ url: running.url });

// Asked for the longest time the loop stood still since it was asked last.
process.on('message', () => {
  process.send?.({ delayMs: delay.max / 1e6 });
  delay.reset();
});
process.on('disconnect', () => process.exit(0));
