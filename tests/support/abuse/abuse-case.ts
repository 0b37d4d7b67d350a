import type { Attack } from './attack.js';

/** Which server is attacked: `open` to everybody, `guarded` by tokens, `roomy` with room for 8 MiB bodies. */
export type VictimName = 'open' | 'guarded' | 'roomy';

/** One row of a table. What the shared oracle asks of every case is not said again. */
export interface AbuseCase {
  readonly name: string;
  readonly victim?: VictimName;
  /** The statuses of all answers, in order, or those that will do; `hang-up` where none may come. */
  readonly status?: readonly number[] | 'hang-up';
  /** Does what is said in the name. Fails when it comes off. */
  run(attack: Attack): Promise<unknown>;
}

/** Bytes on one connection; `HOST` stands for the address of the victim. */
export function raw(name: string, status: AbuseCase['status'], bytes: string, answers = 1): AbuseCase {
  return {
    name,
    ...(status !== undefined && { status }),
    run: (attack) => attack.send(bytes.replaceAll('HOST', attack.host), answers),
  };
}

/** One POST to /mcp. */
export function post(
  name: string,
  status: readonly number[],
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): AbuseCase {
  return { name, status, run: (attack) => attack.post(body, headers) };
}

export function expectThat(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`Expected ${what}`);
}
