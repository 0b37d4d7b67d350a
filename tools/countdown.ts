import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import { defineTool } from './define-tool.js';

const MINUTE_MS = 60_000;

/** A call that takes its time and speaks meanwhile: for trying progress, log messages, cancellation and resumption. */
export const countdown = defineTool({
  name: 'countdown',
  title: 'Countdown',
  description:
    'Counts down step by step, sending a progress notification and a log message at each step, and answers when it reaches zero. Use it to check that streaming, progress and cancellation work; it can be cancelled at any time and ends after ten minutes at the latest.',
  input: z.object({
    from: z.number().int().min(1).max(1000).describe('How many steps to count, 1 to 1000'),
    intervalMs: z
      .number()
      .int()
      .min(0)
      .max(MINUTE_MS)
      .default(1000)
      .describe('How long each step takes, in milliseconds, 0 to 60000'),
  }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  // Each step is progress, so only one step has to fit.
  timeoutMs: 2 * MINUTE_MS,
  maxMs: 10 * MINUTE_MS,
  async run({ from, intervalMs }, context) {
    for (let step = 1; step <= from; step += 1) {
      await setTimeout(intervalMs, undefined, { signal: context.signal });
      const message = `${from - step} to go`;
      await context.log('info', message, 'countdown');
      // The client may have left while it took the message.
      context.signal.throwIfAborted();
      await context.progress(step, from, message);
    }
    return `Counted down from ${from} in steps of ${intervalMs} ms.`;
  },
});
