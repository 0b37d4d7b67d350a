/** What a request has to pass before it is begun: how much its caller may do, and whether it may do this. */
import type { Principal } from '../protocol/call.js';
import { ErrorCode } from '../protocol/errors.js';
import type { Request, RequestId } from '../protocol/json-rpc.js';
import { HttpError } from './http.js';
import type { Visit } from './visit.js';

/** What is counted of a caller. */
export type Counted = 'calls' | 'sessions';

export interface Gate {
  /** Counts, and says how many seconds to wait when it is too much. Absent where nothing is counted. */
  count?(what: Counted, visit: Visit, amount: number): Promise<number | undefined>;
  /** The scopes a request needs that its caller lacks, all of them; `undefined` when it may go on. */
  refuses?(request: Request, principal: Principal): readonly string[] | undefined;
}

/**
 * Nothing has been said to the client yet: refusals are statuses, also where the answer would be a stream.
 * @throws HttpError 429 or 403
 */
export function passGate(gate: Gate, visit: Visit, requests: readonly Request[]): void | Promise<void> {
  if (requests.length === 0) return undefined;
  if (gate.count === undefined) return checkScopes(gate, visit, requests);
  const id = requests.length === 1 ? requests[0]?.id : undefined;
  return countOrRefuse(gate, 'calls', visit, requests.length, id).then(() => checkScopes(gate, visit, requests));
}

/** @throws HttpError 429 */
export function passSessionGate(gate: Gate, visit: Visit, id?: RequestId): void | Promise<void> {
  return gate.count === undefined ? undefined : countOrRefuse(gate, 'sessions', visit, 1, id);
}

async function countOrRefuse(
  gate: Gate,
  what: Counted,
  visit: Visit,
  amount: number,
  id: RequestId | undefined,
): Promise<void> {
  const seconds = await gate.count?.(what, visit, amount);
  if (seconds === undefined) return;
  const headers = { 'Retry-After': String(seconds) };
  throw new HttpError(429, ErrorCode.transport, `Too many ${what}: slow down`, { headers, id });
}

function checkScopes(gate: Gate, { principal, challenge }: Visit, requests: readonly Request[]): void {
  if (principal.scopes === undefined || gate.refuses === undefined) return;
  for (const request of requests) {
    const scopes = gate.refuses(request, principal);
    if (scopes === undefined) continue;
    const header = challenge?.(scopes);
    throw new HttpError(403, ErrorCode.insufficientScope, `This needs the scope: ${scopes.join(' ')}`, {
      data: { scopes },
      id: requests.length === 1 ? request.id : undefined,
      headers: header === undefined ? {} : { 'WWW-Authenticate': header },
    });
  }
}
