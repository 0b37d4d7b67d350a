import * as z from 'zod';
import { defineTool } from './define-tool.js';

const MAX_BYTES = 10 * 1024 * 1024;

// Nothing in it that JSON escapes or UTF-8 widens: as long on the wire as it says.
const PATTERN = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_';

/** As much text as was asked for, the same each time. */
export const largeResult = defineTool({
  name: 'large_result',
  title: 'Large result',
  description:
    'Returns meaningless ASCII text of exactly the given size, the same for each call. Use it to find out how large a result passes through the client and the proxies in between; the text itself carries no information.',
  input: z.object({
    bytes: z
      .number()
      .int()
      .min(1)
      .max(MAX_BYTES)
      .default(100_000)
      .describe('Size of the text in bytes, 1 to 10485760; 100000 when left out'),
  }),
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  run: ({ bytes }) => PATTERN.repeat(Math.ceil(bytes / PATTERN.length)).slice(0, bytes),
});
