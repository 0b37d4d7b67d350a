import { createRequire } from 'node:module';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { PrettyOptions } from 'pino-pretty';
import { describeLine } from './log-line.js';
import { LogSink } from './log-sink.js';
import { mask } from './mask.js';
import { maskText } from './mask-text.js';
import { tame } from './tame.js';

/** How far down the causes of an error are told. */
const MAX_CAUSES = 5;

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

/** What to log of an error: all that helps to mend it. What a client wrote may be in its words. Never throws. */
export function errorFacts(error: unknown): object {
  try {
    return { err: isErrorLike(error) ? toShown(error) : { message: cleanText(String(error)) } };
  } catch {
    // Whoever logs a fault is in the middle of answering it.
    return { err: { message: 'An error that cannot be read' } };
  }
}

/** Errors of another realm are errors, too. */
function isErrorLike(value: unknown): value is Error {
  if (value instanceof Error) return true;
  return typeof value === 'object' && value !== null && typeof read(value, 'message') === 'string' && 'stack' in value;
}

// An error that says its class, but not of it: a class may have getters that work only on its own, as DOMException has.
function toShown(error: Error, depth = 0): Error {
  const shown = Object.create(Error.prototype) as Error;
  const { name: type } = error.constructor;
  define(
    shown,
    'constructor',
    Object.defineProperty(() => undefined, 'name', { value: type }),
    false,
  );
  const name = read(error, 'name');
  if (error instanceof DOMException && typeof name === 'string') define(shown, 'name', cleanText(name));
  for (const [key, value] of Object.entries(properties(error)))
    define(shown, key, typeof value === 'string' ? tame(value, '\n') : value);
  define(shown, 'message', cleanText(textOf(error, 'message')));
  define(shown, 'stack', cleanText(textOf(error, 'stack')));
  const cause = read(error, 'cause');
  if (isErrorLike(cause) && depth < MAX_CAUSES) define(shown, 'cause', toShown(cause, depth + 1));
  return shown;
}

function properties(error: Error): object {
  const own = Object.keys(error)
    .map((key) => [key, read(error, key)] as const)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  return mask(Object.fromEntries(own)) as object;
}

function textOf(error: Error, key: 'message' | 'stack'): string {
  const value = read(error, key);
  return typeof value === 'string' ? value : `(no ${key} that can be read)`;
}

function read(from: object, key: string): unknown {
  try {
    return (from as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function define(on: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(on, key, { value, enumerable, configurable: true, writable: true });
}

// A stack has lines.
function cleanText(text: string): string {
  return tame(maskText(text), '\n');
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
