/** What may be read in a log of a message that may hold secrets. */
import { hideSessions } from './hide-sessions.js';
import { MASK, MAX_CHARS, maskText, SPARED } from './mask-text.js';
import { isCountOfTokens, isSecretName } from './secret-name.js';
import { tame } from './tame.js';

const MAX_DEPTH = 12;
const MAX_ITEMS = 100;
/** What of a JSON schema lists names. */
const LISTS_NAMES = /^(?:required|enum)$/;

/** A copy, bounded in size, in which what looks like a secret is masked: by its name, or by its own look. */
export function mask(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return maskText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (Array.isArray(value)) {
    return value.slice(0, MAX_ITEMS).map((item, at) => (isNamedBefore(value, at) ? MASK : mask(item, depth + 1)));
  }
  const entries = Object.entries(value).slice(0, MAX_ITEMS);
  const said = saidName(value);
  return Object.fromEntries(
    entries.map(([name, inner]) => [
      tame(hideSessions(name, MAX_CHARS), SPARED),
      maskNamed(name === 'value' ? said : name, inner, depth),
    ]),
  );
}

/** What `{name, value}` and `{key, value}` call their value, as lists of headers and variables have it. */
function saidName({ name, key }: { readonly name?: unknown; readonly key?: unknown }): string {
  return typeof name === 'string' ? name : typeof key === 'string' ? key : 'value';
}

function maskNamed(name: string, value: unknown, depth: number): unknown {
  if (value === null || value === undefined) return value;
  if (Array.isArray(value) && LISTS_NAMES.test(name))
    return value.slice(0, MAX_ITEMS).map((item) => mask(item, depth + 2));
  return isSecretName(name) && !isCountOfTokens(name, value) ? MASK : mask(value, depth + 1);
}

/** Whether the item before says that this is secret: a header and its value, or an option of a command line. */
function isNamedBefore(list: readonly unknown[], at: number): boolean {
  const name: unknown = list[at - 1];
  if (typeof name !== 'string' || typeof list[at] !== 'string' || !/^-{0,2}[\w-]{2,64}$/.test(name)) return false;
  return (list.length === 2 || name.startsWith('-')) && isSecretName(name.replace(/^-+/, ''));
}
