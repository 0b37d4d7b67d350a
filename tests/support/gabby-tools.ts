// Tools that say a lot, for streams that are to be filled, cut and read slowly.
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { defineTool, type Tool } from '../../tools/define-tool.js';

/** Says that many numbered things of that size, each after a while, and then answers. */
export const gabble = defineTool({
  name: 'gabble',
  description: 'Talks.',
  input: z.object({
    count: z.number().int(),
    size: z.number().int().default(0),
    everyMs: z.number().default(0),
    name: z.string().default('g'),
  }),
  async run({ count, size, everyMs, name }, context) {
    for (let n = 1; n <= count; n += 1) {
      if (everyMs > 0) await delay(everyMs, undefined, { signal: context.signal });
      await context.log('info', `${name}${n}`.padEnd(size, '.'), 'gabble');
      context.signal.throwIfAborted();
    }
    return `${name} said ${count}`;
  },
});

export const gabbyTools: readonly Tool[] = [gabble];
