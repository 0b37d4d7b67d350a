import { createHash } from 'node:crypto';
import { v4 } from 'uuid';

const DASHED = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const HEX = /^[0-9a-f]{32}$/i;

/** 122 random bits. */
export function createSessionId(): string {
  // As it was put together it would stay twenty pieces, to be gone through for every event that bears it.
  return Buffer.from(v4()).toString();
}

/** The one form ids are kept in; `undefined` for what cannot be one. Accepts dashed ids and 32 hex digits. */
export function parseSessionId(text: string): string | undefined {
  if (DASHED.test(text)) return text.toLowerCase();
  if (!HEX.test(text)) return undefined;
  const hex = text.toLowerCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * Enough to tell sessions apart in a log, too little to use one: 8 hex digits. An id that a client made up itself may be
 * short enough to be given away by its beginning, so it is digested first.
 */
export function shortenSessionId(id: string): string {
  return DASHED.test(id) ? id.slice(0, 8) : createHash('sha256').update(id).digest('hex').slice(0, 8);
}
