import * as z from 'zod';
import { defineTool } from './define-tool.js';

const MAX_LENGTH = 1024 * 1024;

/** Gives back what it got, to the letter. */
export const echo = defineTool({
  name: 'echo',
  title: 'Echo',
  description:
    'Returns the message exactly as it was received, with nothing added. Use it to check that text of any language or length survives the way to the server and back.',
  input: z.object({
    message: z.string().max(MAX_LENGTH).describe('The text to return, up to 1 MiB'),
  }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  run: ({ message }) => message,
});
