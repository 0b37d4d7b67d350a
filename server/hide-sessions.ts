import { shortenSessionId } from '../transports/session-id.js';

const SESSION_ID = /[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}/gi;
/** One character less than the longest id. */
const MAX_PART = 35;

/** The text with every session id in it shortened. Of a longer text only so much, and no part of an id that is cut there. */
export function hideSessions(text: string, max = Infinity): string {
  const whole = text.length > max ? withoutPart(text.slice(0, max)) : text;
  return whole.replace(SESSION_ID, (id) => shortenSessionId(dashed(id)));
}

// Whatever an id could have begun with goes, rather than that much of one stays.
function withoutPart(text: string): string {
  const end = text.slice(-MAX_PART);
  return text.slice(0, text.length - (/[0-9a-f-]*$/i.exec(end)?.[0].length ?? 0));
}

// Without its dashes an id would be digested, and nobody would know it again.
function dashed(id: string): string {
  return id.length === 36 ? id : id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
