import type { JWTPayload } from 'jose';
import type { Principal } from '../protocol/call.js';
import { locateKeys } from './issuer.js';
import { KeySet, type KeySetOptions } from './key-set.js';
import { VerifiedTokens } from './verified-tokens.js';

export interface OAuthOptions {
  readonly issuer: string;
  /** What a token must name as its audience, one of them; asked with every token. */
  readonly audiences: () => readonly string[];
  /** Where the keys are. Without it the issuer's metadata says. */
  readonly jwksUrl?: string | undefined;
  readonly keys?: Omit<KeySetOptions, 'locate'> | undefined;
}

// Only what is verified with a public key: a secret that both sides know has no business here, and `none` is no proof.
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** How far the clock of the authorization server may be ahead of ours. */
const CLOCK_TOLERANCE_S = 5;
/** Longer ones are not looked at. Node's own limit on all headers together is 16 KiB. */
const MAX_TOKEN_LENGTH = 12_288;

/** Access tokens of one authorization server: JWTs that were made for us (OAuth 2.1 §5.2, RFC 9068). */
export class OAuth {
  readonly #options: OAuthOptions;
  readonly #keys: KeySet;
  readonly #verified = new VerifiedTokens();

  constructor(options: OAuthOptions) {
    this.#options = options;
    const { issuer, jwksUrl, keys } = options;
    const locate = jwksUrl === undefined ? () => locateKeys(issuer, keys?.timeoutMs) : async () => new URL(jwksUrl);
    this.#keys = new KeySet({ locate, ...keys });
  }

  get retrySeconds(): number {
    return this.#keys.retrySeconds;
  }

  /**
   * Whom a token stands for; `undefined` when it is not a good one.
   * @throws KeysUnavailable when that cannot be said now
   */
  async verify(token: string): Promise<Principal | undefined> {
    const known = this.#verified.find(token);
    if (known !== undefined) return known;
    if (token.length > MAX_TOKEN_LENGTH || token.split('.').length !== 3) return undefined;
    const principal = toPrincipal(await this.#read(token));
    if (principal !== undefined) this.#verified.add(token, principal);
    return principal;
  }

  async #read(token: string): Promise<JWTPayload> {
    // Loaded with the first token: most servers never see one, and a start should not wait for it.
    const { errors, jwtVerify } = await import('jose');
    try {
      const { payload } = await jwtVerify(token, this.#keys.find, {
        issuer: this.#options.issuer,
        audience: [...this.#options.audiences()],
        algorithms: ALGORITHMS,
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_TOLERANCE_S,
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return {};
      throw error;
    }
  }
}

function toPrincipal({ sub, client_id, exp = 0, cnf, scope, scp }: JWTPayload): Principal | undefined {
  const who = sub ?? client_id;
  const expiresAt = exp * 1000;
  // Tolerance is for clocks that run ahead, not for tokens that have run out.
  if (typeof who !== 'string' || who === '' || expiresAt <= Date.now()) return undefined;
  // A token that is bound to a key proves nothing when it comes without the proof (RFC 9449 §7.2, RFC 8705 §3).
  if (cnf !== undefined) return undefined;
  return { id: `oauth:${who}`, isAnonymous: false, scopes: new Set([...scopesOf(scope), ...scopesOf(scp)]), expiresAt };
}

function scopesOf(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((scope) => scope !== '');
  return Array.isArray(claim) ? claim.filter((scope): scope is string => typeof scope === 'string') : [];
}
