/** Tools of the tasks extension. Clients that do not know tasks get what the tool would have given them without. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineTool, RpcError, ToolError } from '../../server/index.js';

export const taskTools = [
  defineTool({
    name: 'greet',
    description: 'Greets at once, never as a task',
    input: z.object({ name: z.string() }),
    run: ({ name }) => `Hello, ${name}!`,
  }),

  defineTool({
    name: 'slow_compute',
    description: 'Takes as many seconds as it is told to',
    input: z.object({ seconds: z.number().min(0), label: z.string() }),
    task: 'optional',
    async run({ seconds, label }, { signal }) {
      await sleep(seconds * 1000, undefined, { signal });
      return `Computed ${label} in ${seconds} s`;
    },
  }),

  defineTool({
    name: 'failing_job',
    description: 'Fails, with words for the model, after a second',
    task: 'required',
    async run(_, { signal }) {
      await sleep(1000, undefined, { signal });
      throw new ToolError('The job failed');
    },
  }),

  defineTool({
    name: 'protocol_error_job',
    description: 'Fails with a protocol error',
    task: 'optional',
    run() {
      throw new RpcError(-32603, 'The job cannot be done');
    },
  }),

  defineTool({
    name: 'confirm_delete',
    description: 'Asks the user before it deletes',
    input: z.object({ filename: z.string() }),
    task: 'optional',
    async run({ filename }, context) {
      const message = `Delete ${filename}?`;
      const answer = await context.elicit({ key: 'confirm', message, schema: z.object({ confirm: z.boolean() }) });
      return answer.content?.confirm === true ? `Deleted ${filename}` : `Kept ${filename}`;
    },
  }),

  defineTool({
    name: 'multi_input',
    description: 'Asks the user two things at once',
    task: 'optional',
    async run(_, context) {
      const schema = z.object({ name: z.string() });
      const [first, second] = await Promise.all([
        context.elicit({ key: 'first', message: 'What is the first name?', schema }),
        context.elicit({ key: 'second', message: 'What is the second name?', schema }),
      ]);
      return `${first.content?.name ?? 'Nobody'} and ${second.content?.name ?? 'nobody'}`;
    },
  }),

  defineTool({
    name: 'test_tool_with_task',
    description: 'Asks the user first and goes on as a task',
    task: 'manual',
    async run(_, context) {
      const schema = z.object({ name: z.string() });
      const answer = await context.elicit({ key: 'user_name', message: 'What is your name?', schema });
      await context.becomeTask();
      return `Hello, ${answer.content?.name ?? 'stranger'}!`;
    },
  }),
];
