import * as z from 'zod';
import { ToolError } from '../protocol/errors.js';
import { defineTool } from './define-tool.js';

/** The server's clock, in the zone the caller names. */
export const currentTime = defineTool({
  name: 'current_time',
  title: 'Current time',
  description:
    "Tells the current date and time by the server's clock, in UTC or in the given time zone. Use it whenever the answer depends on what day or time it is now.",
  input: z.object({
    timeZone: z.string().max(64).default('UTC').describe('IANA time zone such as "Europe/Berlin"; UTC when left out'),
  }),
  output: z.object({
    iso: z.string().describe('The moment in UTC, as ISO 8601'),
    timeZone: z.string().describe('The time zone of `local`'),
    unixMs: z.number().describe('The moment in milliseconds since 1970-01-01 UTC'),
    local: z.string().describe('Weekday, date and time of day in that time zone, in words'),
  }),
  annotations: { readOnlyHint: true, openWorldHint: false },
  run({ timeZone }) {
    const format = toFormat(timeZone);
    const now = new Date();
    return {
      iso: now.toISOString(),
      timeZone: format.resolvedOptions().timeZone,
      unixMs: now.getTime(),
      local: format.format(now),
    };
  },
});

function toFormat(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'full', timeStyle: 'long' });
  } catch (cause) {
    // The zone is the only option that came from outside, so it is what Intl does not know.
    const expected = 'expected an IANA name such as "Europe/Berlin", "America/New_York" or "UTC"';
    throw new ToolError(`Unknown time zone ${JSON.stringify(timeZone)}: ${expected}`, { cause });
  }
}
