import * as z from 'zod';
import { ToolError } from '../protocol/errors.js';
import { defineTool } from './define-tool.js';

/** The smallest tool with structured output. */
export const add = defineTool({
  name: 'add',
  title: 'Add two numbers',
  description:
    'Adds two numbers and returns their sum as structured output. Use it to check that numbers and structured results pass through the connection unharmed.',
  input: z.object({
    a: z.number().describe('The first number'),
    b: z.number().describe('The second number'),
  }),
  output: z.object({ sum: z.number().describe('a + b, as a 64-bit floating point number') }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  run({ a, b }) {
    const sum = a + b;
    // JSON has no infinity: it would leave as null.
    if (!Number.isFinite(sum)) throw new ToolError('The sum is too large for a 64-bit floating point number');
    return { sum };
  },
});
