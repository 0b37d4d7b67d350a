/** What may be read in a log of a message that may hold secrets. */
import { hideSessions } from './hide-sessions.js';
import { tame } from './tame.js';

const MASK = '[masked]';
const SECRET_NAME =
  /pass(?:word|wd|phrase|code)|secret|token|authorization|api[-_]?key|access[-_]?key|private[-_]?key|credential|cookie|bearer|jwt|^(?:pwd|pin|otp|auth)$|session[-_]?id|requestState/i;
/** Names that sound secret and are not. */
const HARMLESS_NAME = /^(?:progressToken|maxTokens|tokens|tokenCount)$/;
const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]{4,}/gi;
const JWT = /\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g;
const KEY = /\b(?:sk|pk|ghp|gho|ghs|xox[abp]|glpat|AKIA)[-_]?[A-Za-z0-9_-]{12,}/g;
const URL_PASSWORD = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*):[^\s@/"]+@/gi;
/** `token=…`, as queries and settings have it; what is quoted is found below. */
const BARE_PAIR = /([\w-]{2,40})=(?!["'\\])([^\s&;,"'<>#]+)/g;
const PAIR = /(\\?["']?)([\w-]{2,40})\1(\s*[:=]\s*)(\\?["'])((?:(?!\4).)*)\4/g;

/** What JSON writes in a way of its own, and people write in their texts. */
const SPARED = '\n\r\t';

const MAX_DEPTH = 12;
const MAX_ITEMS = 100;
const MAX_CHARS = 2000;

/** A copy, bounded in size, in which what looks like a secret is masked: by its name, or by its own look. */
export function mask(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return maskText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => mask(item, depth + 1));
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
  return isSecretName(name) && value !== null && value !== undefined ? MASK : mask(value, depth + 1);
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);
}

/** The text, bounded in size, with session ids shortened and what looks like a secret masked. */
export function maskText(text: string): string {
  const shown = hideSessions(text, MAX_CHARS);
  const short = text.length > MAX_CHARS ? `${shown}… (${text.length} characters)` : shown;
  return tame(short, SPARED)
    .replace(BEARER, `$1 ${MASK}`)
    .replace(JWT, MASK)
    .replace(KEY, MASK)
    .replace(URL_PASSWORD, `$1:${MASK}@`)
    .replace(BARE_PAIR, (whole: string, name: string) => (isSecretName(name) ? `${name}=${MASK}` : whole))
    .replace(PAIR, (whole: string, open: string, name: string, between: string, quote: string) =>
      isSecretName(name) ? `${open}${name}${open}${between}${quote}${MASK}${quote}` : whole,
    );
}
