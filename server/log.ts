import { createRequire } from 'node:module';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { PrettyOptions } from 'pino-pretty';
import { hideSessions } from './hide-sessions.js';
import { describeLine } from './log-line.js';
import { LogSink } from './log-sink.js';
import { mask, maskText } from './mask.js';

/** How far down the causes of an error are told. */
const MAX_CAUSES = 5;
/** What speaks to a terminal; a stack has lines. */
const UNRULY = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

export interface LogOptions {
  readonly level: string;
  /** Whether a person reads it. By default when standard error is a terminal. */
  readonly isReadable?: boolean;
}

/** The logs that write lines just as they come, and where. */
const plain = new WeakMap<Logger, LogSink>();
let standardError: LogSink | undefined;

/** The server's own log on standard error: one JSON object a line, or something for people. */
export function createLog({ level, isReadable = process.stderr.isTTY }: LogOptions): Logger {
  const options = { level, base: null };
  if (isReadable) return pino(options, readable());
  standardError ??= new LogSink(2);
  const log = pino(options, standardError);
  plain.set(log, standardError);
  return log;
}

/** Where a log of ours writes its lines; `undefined` for one that somebody else made, which may do more with them. */
export function plainOutput(log: Logger): LogSink | undefined {
  return plain.get(log);
}

/** What to log of an error: all that helps to mend it. What a client wrote may be in its words. */
export function errorFacts(error: unknown): object {
  return error instanceof Error ? { err: toShown(error) } : { err: { message: cleanText(String(error)) } };
}

// Still an error of its class, which is what loggers tell errors by.
function toShown(error: Error, depth = 0): Error {
  const shown = Object.create(Object.getPrototypeOf(error) as object) as Error;
  for (const [name, value] of Object.entries(error)) {
    if (typeof value === 'string' || typeof value === 'number') Object.assign(shown, { [name]: mask(value) });
  }
  const { cause } = error;
  return Object.assign(shown, {
    message: cleanText(error.message),
    stack: cleanText(error.stack ?? ''),
    ...(cause instanceof Error && depth < MAX_CAUSES ? { cause: toShown(cause, depth + 1) } : {}),
  });
}

function cleanText(text: string): string {
  return hideSessions(maskText(text)).replace(UNRULY, '?');
}

// Loaded only for people: a start without a terminal should not wait for it.
function readable(): DestinationStream {
  const pretty = createRequire(import.meta.url)('pino-pretty') as (options: PrettyOptions) => DestinationStream;
  return pretty({
    destination: 2,
    sync: true,
    colorize: process.stderr.isTTY && process.env.NO_COLOR === undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    include: 'level,time,err,body,response',
    messageFormat: describeLine,
  });
}
