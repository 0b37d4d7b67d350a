import { createRequire } from 'node:module';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { PrettyOptions } from 'pino-pretty';
import { describeLine } from './log-line.js';
import { LogSink } from './log-sink.js';

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

/** What to log of an error: the whole of it stays here. */
export function errorFacts(error: unknown): object {
  return error instanceof Error ? { err: error } : { err: { message: String(error) } };
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
