import { hideSessions } from './hide-sessions.js';
import { maskText, SPARED } from './mask-text.js';
import { tame } from './tame.js';

/** How long a name that a peer made up may be in a log. */
const MAX_NAME = 100;

/** What most names are: nothing in it to hide, and no secret looks like it. */
const PLAIN = /^(?:[A-Za-z_/]{0,40}|[\w./:-]{0,13})$/;

/**
 * Names as they may be shown, so many of them: those of methods and tools come with every call. What is kept of a call is
 * the name that is here, not the one that came with it.
 */
const MAX_KNOWN = 500;
const known = new Map<string, string>();

/** What a peer wrote, as it may be shown: short, on one line, without a whole session id, without what looks like a secret. */
export function clip(text: string, max?: number): string;
export function clip(text: string | undefined, max?: number): string | undefined;
export function clip(text: string | undefined, max = MAX_NAME): string | undefined {
  if (text === undefined) return undefined;
  if (max !== MAX_NAME || text.length > MAX_NAME) return clean(text, max);
  const seen = known.get(text);
  if (seen !== undefined) return seen;
  const shown = PLAIN.test(text) ? text : clean(text, max);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, shown);
  return shown;
}

function clean(text: string, max: number): string {
  // Cut twice: first so that nobody can make this long, last so that nothing is cut in the middle and so gets by.
  const shown = tame(reveal(maskText(hideSessions(text, 4 * max))));
  return shown.length <= max && text.length <= 4 * max ? shown : `${shown.slice(0, max)}…`;
}

// Masked before, since what percent signs stand for may seem to end a secret, and behind. What hides nothing is shown as it
// came.
function reveal(masked: string): string {
  const decoded = decode(masked);
  if (decoded === masked) return masked;
  const again = maskText(decoded);
  return again === tame(decoded, SPARED) ? masked : again;
}

/** As whoever reads a path would decode it, once or twice. What cannot be decoded stays, and keeps nothing else from it. */
function decode(text: string): string {
  let decoded = text;
  for (let times = 0; times < 2 && decoded.includes('%'); times += 1) {
    decoded = decoded.replace(/(?:%[0-9a-f]{2})+/gi, decodePart);
  }
  return decoded;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // No UTF-8: letter by letter, as far as they are ASCII.
    return part.replace(/%[0-7][0-9a-f]/gi, decodeURIComponent);
  }
}
