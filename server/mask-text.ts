/** What may be read in a log of a text that may hold secrets: a body, an address, the words of an error. */
import { hideSessions } from './hide-sessions.js';
import { isCountOfTokens, isSecretName } from './secret-name.js';
import { tame } from './tame.js';

export const MASK = '[masked]';
export const MAX_CHARS = 2000;
/** What JSON writes in a way of its own, and people write in their texts. */
export const SPARED = '\n\r\t';

const PRIVATE_KEY = /(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)[^]*?(-----END |$)/g;
const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]{4,}/gi;
const JWT = /\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g;
const KEY =
  /\b(?:(?:sk|pk|rk|gh[oprsu]|xox[abeprs]|glpat)[-_][\w-]{12,}|github_pat_\w{12,}|npm_[A-Za-z0-9]{20,}|(?:AKIA|ASIA|AIza)[\w-]{12,})/g;
const URL_PASSWORD = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*):[^\s@/"]+@/gi;
/** A code of OAuth in an address or a form; others call their errors so, mostly by numbers. */
const OAUTH_CODE = /([?&#]code=|^code=(?=[^\s&]+&))(?!\d{1,5}(?!\w))[^\s&#"'<>\\]+/g;
const COOKIES = /\b((?:set-)?cookie: {0,8})[^\s=;:"'\\]{1,100}=[^\n\r"'\\]*/gi;
/** `token=…`, as queries and settings have it; what is quoted is found below. */
const BARE_PAIR = /([\w-]{2,64})([ \t]{0,8}=[ \t]{0,8})(?!["'\\])([^\s&;,"'<>#]+)/g;
const PAIR = /(\\?["']?)([\w-]{2,64})\1(\s*[:=]\s*)(\\?["'])((?:(?!\4).)*)\4/g;
/** `password: …` to the end of a line or of a part of one: where more words follow, it is prose. */
const LINE =
  /([\w-]{2,64})(\\?["']:[ \t]{0,8}|:[ \t]{1,8})(?!["'\\[{])([^\s,;"'<>\\]+?)(?=[)\]}]{0,8}(?:[ \t]{1,8}[)\]}]|[ \t]{0,8}(?:[,;"'<\\\n\r]|$)))/g;

/** The text, bounded in size, with session ids shortened and what looks like a secret masked. */
export function maskText(text: string): string {
  const masked = tame(hideSessions(text, MAX_CHARS), SPARED)
    .replace(PRIVATE_KEY, `$1${MASK}$2`)
    .replace(BEARER, `$1 ${MASK}`)
    .replace(JWT, MASK)
    .replace(KEY, MASK)
    .replace(URL_PASSWORD, `$1:${MASK}@`)
    .replace(COOKIES, `$1${MASK}`)
    .replace(OAUTH_CODE, `$1${MASK}`)
    .replace(BARE_PAIR, maskPair)
    .replace(PAIR, (whole: string, open: string, name: string, between: string, quote: string) =>
      isSecretName(name) ? `${open}${name}${open}${between}${quote}${MASK}${quote}` : whole,
    )
    .replace(LINE, (whole: string, name: string, between: string, value: string, at: number, all: string) =>
      isProse(name, value, all.slice(Math.max(0, at - 2), at)) ? whole : maskPair(whole, name, between, value),
    );
  return text.length > MAX_CHARS ? `${masked}… (${text.length} characters)` : masked;
}

function maskPair(whole: string, name: string, between: string, value: string): string {
  return isSecretName(name) && !isHarmless(name, value) ? `${name}${between}${MASK}` : whole;
}

// Of comparisons, of tests that pass, and of what is not there.
function isHarmless(name: string, value: string): boolean {
  if (/^(?:=+|null|undefined|true|false)$/.test(value) || isCountOfTokens(name, value)) return true;
  return /^pass$/i.test(name) && /^\d+$/.test(value);
}

// "Invalid token: expired".
function isProse(name: string, value: string, before: string): boolean {
  return /^[a-z]+$/.test(name) && /^[A-Za-z]+[.!?]?$/.test(value) && /\w[ \t]$/.test(before);
}
