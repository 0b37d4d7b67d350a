import { pino, type Logger } from 'pino';

export interface LogOptions {
  readonly level: string;
}

/** The server's own log: one JSON object a line on standard error. */
export function createLog({ level }: LogOptions): Logger {
  return pino({ level, base: null }, pino.destination({ fd: 2, sync: false }));
}

/** What to log of an error: the whole of it stays here. */
export function errorFacts(error: unknown): object {
  return error instanceof Error ? { err: error } : { err: { message: String(error) } };
}
