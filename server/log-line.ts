import { tame } from './tame.js';

/** A line of the log in words: what somebody at a terminal wants to know, and in that order. */
export function describeLine(line: Readonly<Record<string, unknown>>, messageKey: string): string {
  const message = text(line[messageKey]) ?? '';
  if (message !== 'exchange') return [message, ...others(line)].join(' ');
  const { verb, path, status, ended, ms } = line;
  return [
    text(line.session) ?? '-       ',
    text(verb),
    text(path),
    text(line.method),
    text(line.tool),
    '→',
    text(status) ?? 'no answer',
    `${text(ms) ?? ''}ms`,
    line.stream === undefined
      ? undefined
      : `${text(line.stream)} stream ${text(line.streamId) ?? ''}, ${text(line.events) ?? '0'} events`,
    ended === undefined ? undefined : `(${text(ended)})`,
    line.outcome === undefined || line.outcome === 'ok' ? undefined : `[${text(line.outcome)}]`,
    text(line.error),
    line.diagnosis === undefined ? undefined : `!! ${text(line.diagnosis)}`,
    line.detail === undefined ? undefined : `(${text(line.detail)})`,
  ]
    .filter((part) => part !== undefined && part !== '')
    .join(' ');
}

const HIDDEN = new Set(['level', 'time', 'msg', 'err', 'body', 'response']);

function others(line: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(line)
    .filter(([key, value]) => !HIDDEN.has(key) && text(value) !== undefined)
    .map(([key, value]) => `${key}=${text(value) ?? ''}`);
}

// Control characters of a peer's making would speak to the terminal.
function text(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  return tame(String(value));
}
