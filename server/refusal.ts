import { HttpError } from '../transports/http.js';

/** Why requests are turned away: few, and known ahead, so that they can be counted one by one. */
export const REFUSALS = [
  'bad request',
  'unauthorized',
  'scope',
  'origin',
  'host',
  'operator',
  'unknown session',
  'not found',
  'method not allowed',
  'not acceptable',
  'too large',
  'too slow',
  'unsupported type',
  'rate limited',
  'draining',
  'limit',
  'store',
  'issuer',
  'fault',
  'other',
] as const;

export type Refusal = (typeof REFUSALS)[number];

const BY_STATUS = new Map<number, Refusal>([
  [400, 'bad request'],
  [401, 'unauthorized'],
  [403, 'scope'],
  [404, 'not found'],
  [405, 'method not allowed'],
  [406, 'not acceptable'],
  [408, 'too slow'],
  [413, 'too large'],
  [415, 'unsupported type'],
  [417, 'bad request'],
  [429, 'rate limited'],
  [431, 'too large'],
  [500, 'fault'],
]);

/** What a refusal is counted and logged as: what its thrower says, else what its status means. */
export function refusalOf(error: Error): Refusal {
  if (!(error instanceof HttpError)) return 'fault';
  const said = REFUSALS.find((refusal) => refusal === error.extra.refusal);
  return said ?? refusalOfStatus(error.status);
}

export function refusalOfStatus(status: number): Refusal {
  return BY_STATUS.get(status) ?? 'other';
}
