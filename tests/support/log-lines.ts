import { type Logger, pino } from 'pino';
import { Inbox } from './clients/inbox.js';
import type { Json } from './clients/test-client.js';

/** A line as it was logged, parsed. */
export type LogLine = Record<string, Json>;

export interface LogLines {
  readonly log: Logger;
  /** Each line once, as it comes; `all` keeps every one. */
  readonly lines: Inbox<LogLine>;
  /** The next line of that kind that says all of this. */
  next(message: string, says?: LogLine): Promise<LogLine>;
  /** Everything that was ever logged, as text. */
  text(): string;
}

/** A log to hand to a server, and what it wrote. */
export function logLines(): LogLines {
  const lines = new Inbox<LogLine>('a line of the log');
  const log = pino({ level: 'debug', base: null }, { write: (line) => lines.push(JSON.parse(line) as LogLine) });
  return {
    log,
    lines,
    next: (message, says = {}) =>
      lines.next((line) => line.msg === message && Object.entries(says).every(([key, value]) => line[key] === value), {
        what: `a line "${message}" that says ${JSON.stringify(says)}`,
      }),
    text: () => lines.all.map((line) => JSON.stringify(line)).join('\n'),
  };
}
