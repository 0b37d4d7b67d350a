import { shortenSessionId } from '../../transports/session-id.js';
import type { Json } from './clients/test-client.js';
import { call } from './http-call.js';

/** Something that happened, as an operator reads it. */
export interface Told {
  readonly at: number;
  readonly event: string;
  readonly session?: string;
  readonly instance?: string;
  readonly facts: Record<string, Json>;
}

/** What an operator on this machine reads. `url` is the server's, without a path. */
export async function readDebug(url: string, path: string): Promise<Record<string, Json>> {
  const { status, json, text } = await call(`${url}/debug/${path}`);
  if (status !== 200) throw new Error(`${path} was answered ${status}: ${text}`);
  return json as Record<string, Json>;
}

/** What is told there, oldest first. */
export async function toldAt(url: string, path: string): Promise<Told[]> {
  return (await readDebug(url, path)).timeline as Told[];
}

/** What happened in a session, oldest first. */
export function timelineOf(url: string, sessionId: string): Promise<Told[]> {
  return toldAt(url, `sessions/${shortenSessionId(sessionId)}`);
}

/** What went wrong in it, in order. */
export async function diagnosesOf(url: string, sessionId: string): Promise<string[]> {
  const items = await timelineOf(url, sessionId);
  return items
    .map(({ facts }) => facts.diagnosis as string)
    .filter((diagnosis) => (diagnosis as unknown) !== undefined);
}
