/** The id that a client gives to its request. It is told to everybody who reads the log, so what opens a door is none. */
import type { Request } from 'express';
import { parseEventId } from '../transports/event-id.js';
import { parseSessionId } from '../transports/session-id.js';

const SANE = /^[A-Za-z0-9._-]{1,64}$/;
/** How many hex digits a session id has. */
const SESSION_DIGITS = 32;

/** What the client calls its request; `undefined` where we have to name it ourselves. */
export function requestIdOf({ headers, url }: Pick<Request, 'headers' | 'url'>): string | undefined {
  const id = headers['x-request-id'];
  if (typeof id !== 'string' || !SANE.test(id)) return undefined;
  const { authorization, 'mcp-session-id': session, 'last-event-id': place } = headers;
  if (typeof session === 'string' && tells(id, session)) return undefined;
  if (typeof place === 'string' && (id === place || tells(id, parseEventId(place)?.session ?? ''))) return undefined;
  if (authorization !== undefined && isToken(id, authorization.slice(authorization.lastIndexOf(' ') + 1)))
    return undefined;
  const query = url.indexOf('?');
  return query >= 0 && isInQuery(id, url.slice(query + 1)) ? undefined : id;
}

function isInQuery(id: string, query: string): boolean {
  for (const value of new URLSearchParams(query).values()) if (tells(id, value)) return true;
  return false;
}

// A session has many ways to be written, and clients like to number the requests of one behind its id.
function tells(id: string, named: string): boolean {
  if (id === named) return true;
  const session = id.length < SESSION_DIGITS ? undefined : parseSessionId(named);
  return session !== undefined && digitsOf(id).includes(digitsOf(session));
}

function digitsOf(id: string): string {
  return id.replaceAll('-', '').toLowerCase();
}

// The padding of a token is no secret (RFC 6750 §2.1), and cannot be in an id.
function isToken(id: string, token: string): boolean {
  return token.startsWith(id) && /^=*$/.test(token.slice(id.length));
}
