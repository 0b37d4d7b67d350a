import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../protocol/call.js';

/** A bearer token the operator handed out, and whom it stands for. */
export interface StaticToken {
  /** Names the caller in logs and limits. Several tokens may share one, so that they can be exchanged. */
  readonly name: string;
  readonly token: string;
  /** What the caller may do; without them it may do everything. */
  readonly scopes?: readonly string[] | undefined;
}

/** What is shorter is a slip of the pen. */
const MIN_TOKEN_LENGTH = 8;
const SAFE_TOKEN_LENGTH = 16;
const NAME = /^[A-Za-z0-9._-]{1,64}$/;
// RFC 6750 §2.1, b64token.
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
// RFC 6749 §3.3, without what separates scopes in our own notation.
const SCOPE = /^[\x21\x23-\x2a\x2d-\x5b\x5d-\x7e]+$/;

/** What is wrong with a token, in words that do not repeat it; `undefined` when it can be used. */
export function problemOf({ name, token, scopes = [] }: StaticToken): string | undefined {
  if (!NAME.test(name)) return 'a name has 1 to 64 letters, digits, ".", "_" and "-"';
  if (token.length < MIN_TOKEN_LENGTH) return `the token of ${name} has fewer than ${MIN_TOKEN_LENGTH} characters`;
  if (!TOKEN.test(token)) return `the token of ${name} has characters a bearer token cannot have`;
  if (!scopes.every((scope) => SCOPE.test(scope))) return `a scope of ${name} has characters a scope cannot have`;
  return undefined;
}

/** Whether a token is so short that somebody may find it by trying. */
export function isGuessable({ token }: Pick<StaticToken, 'token'>): boolean {
  return token.length < SAFE_TOKEN_LENGTH;
}

/** Tokens by what a salted hash makes of them: how long a look-up takes says nothing of how near a guess was. */
export class StaticTokens {
  readonly #salt = randomBytes(32).toString('base64');
  readonly #known = new Map<string, { readonly digest: Buffer; readonly principal: Principal }>();

  /** @throws Error for a token that cannot be used, or that stands there twice */
  constructor(tokens: Iterable<StaticToken>) {
    for (const entry of tokens) {
      const problem = problemOf(entry);
      if (problem !== undefined) throw new Error(`authTokens: ${problem}`);
      const digest = this.#digest(entry.token);
      if (this.#known.has(digest)) throw new Error(`authTokens: the token of ${entry.name} stands there twice`);
      const scopes = entry.scopes === undefined ? undefined : new Set(entry.scopes);
      const principal = { id: `token:${entry.name}`, isAnonymous: false, scopes };
      this.#known.set(digest, { digest: Buffer.from(digest), principal });
    }
  }

  get size(): number {
    return this.#known.size;
  }

  /** Whom a token stands for. */
  find(token: string): Principal | undefined {
    const digest = this.#digest(token);
    const found = this.#known.get(digest);
    return found !== undefined && timingSafeEqual(found.digest, Buffer.from(digest)) ? found.principal : undefined;
  }

  #digest(token: string): string {
    return hash('sha256', this.#salt + token, 'base64');
  }
}
