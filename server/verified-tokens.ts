import { hash } from 'node:crypto';
import type { Principal } from '../protocol/call.js';

const MAX_TOKENS = 1000;
/** How long a verdict is believed without looking at the keys again. */
const BELIEVED_MS = 30_000;

/** Tokens that were found good a moment ago, by their hash: clients send the same one with every request. */
export class VerifiedTokens {
  readonly #known = new Map<string, { readonly principal: Principal; readonly until: number }>();

  find(token: string): Principal | undefined {
    const key = keyOf(token);
    const found = this.#known.get(key);
    if (found === undefined) return undefined;
    if (Date.now() < found.until) return found.principal;
    this.#known.delete(key);
    return undefined;
  }

  add(token: string, principal: Principal): void {
    const until = Math.min(Date.now() + BELIEVED_MS, principal.expiresAt ?? Infinity);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MAX_TOKENS && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(keyOf(token), { principal, until });
  }
}

function keyOf(token: string): string {
  return hash('sha256', token, 'base64');
}
