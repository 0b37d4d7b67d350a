import { createRequire } from 'node:module';
import { pino, type DestinationStream, type Logger } from 'pino';
import type { PrettyOptions } from 'pino-pretty';
import { describeLine } from './log-line.js';

export interface LogOptions {
  readonly level: string;
  /** Whether a person reads it. By default when standard error is a terminal. */
  readonly isReadable?: boolean;
}

/** How long a line may wait for company: writing each by itself costs more than making it. */
const FLUSH_MS = 100;
const BATCH_BYTES = 4096;

/** The server's own log on standard error: one JSON object a line, or something for people. */
export function createLog({ level, isReadable = process.stderr.isTTY }: LogOptions): Logger {
  const options = { level, base: null };
  if (isReadable) return pino(options, readable());
  return pino(options, pino.destination({ fd: 2, sync: false, minLength: BATCH_BYTES, periodicFlush: FLUSH_MS }));
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
    hideObject: false,
    include: 'level,time,err,body,response',
    messageFormat: describeLine,
  });
}
