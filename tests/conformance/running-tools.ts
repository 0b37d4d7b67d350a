/** Tools that say something while they run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTool } from '../../server/index.js';

const STEP_MS = 50;

export const runningTools = [
  defineTool({
    name: 'test_tool_with_progress',
    description: 'Tells how far it is',
    async run(_, context) {
      for (const step of [0, 50, 100]) {
        if (step > 0) await sleep(STEP_MS);
        await context.progress(step, 100, `Completed step ${step} of 100`);
      }
      return 'Tool with progress executed successfully';
    },
  }),

  defineTool({
    name: 'test_tool_with_logging',
    description: 'Logs what it does',
    async run(_, context) {
      await context.log('info', 'Tool execution started');
      await sleep(STEP_MS);
      await context.log('info', 'Tool processing data');
      await sleep(STEP_MS);
      await context.log('info', 'Tool execution completed');
      return 'Tool with logging executed successfully';
    },
  }),

  defineTool({
    name: 'test_logging_tool',
    description: 'Logs, which only a client that asked for it hears',
    async run(_, context) {
      await context.log('info', 'Only for clients that named a log level');
      return 'Logged';
    },
  }),

  defineTool({
    name: 'test_reconnection',
    description: 'Closes the stream of its call before it is done, so that the client must come back for the result',
    async run(_, context) {
      await context.closeStream();
      await sleep(2 * STEP_MS);
      return (
        'Reconnection test completed successfully. ' +
        'If you received this, the client properly reconnected after stream closure.'
      );
    },
  }),
];
