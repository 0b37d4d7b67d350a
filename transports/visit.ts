import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../protocol/call.js';
import type { VisitNotes } from './visit-notes.js';

/** One HTTP exchange that got past the guard: who came, and by which path. */
export interface Visit {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly principal: Principal;
  /** Also `X-Request-Id`. */
  readonly exchangeId: string;
  /** What is found out about the exchange, for whoever logs it. */
  readonly notes: VisitNotes;
  /** What the routes are mounted under, as the client sees it. */
  readonly prefix: string;
  /** The `WWW-Authenticate` of a refusal that more scopes would lift; `undefined` where nobody is authenticated. */
  readonly challenge?: ((scopes: readonly string[]) => string) | undefined;
}

/** A header that may be sent once. */
export function header(visit: Visit, name: string): string | undefined {
  const value = visit.req.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
