/** Everything that follows from callers having to prove who they are; nothing at all when they do not have to. */
import type { Router } from 'express';
import { addProtectedResourceRoutes, type ProtectedResource } from '../routes/protected-resource.js';
import { type Authenticate, createAuth } from './auth.js';
import { audiencesOf, canonicalUrl, type DoorPath, DOORS, METADATA_PATH, metadataUrl } from './canonical-url.js';
import { OAuth } from './oauth.js';
import type { ServerSettings } from './options.js';
import { StaticTokens } from './static-tokens.js';

export interface AccessOptions {
  readonly settings: ServerSettings;
  readonly authenticate?: Authenticate | undefined;
  readonly title: string;
  /** Where the server listens, once it does; what it is known by when nobody said otherwise. */
  readonly ownUrl: () => string | undefined;
  /** Every scope that something here asks for. */
  readonly scopesInUse: () => Iterable<string>;
  readonly onFault: (error: unknown, where: string) => void;
}

export class Access {
  readonly #options: AccessOptions;
  readonly #tokens: StaticTokens | undefined;
  readonly #oauth: OAuth | undefined;

  /** @throws Error for tokens that cannot be used, and for what would let every web page act for its visitors */
  constructor(options: AccessOptions) {
    this.#options = options;
    const { authTokens, allowedOrigins } = options.settings;
    this.#tokens = authTokens.length === 0 ? undefined : new StaticTokens(authTokens);
    this.#oauth = this.#createOAuth();
    if (this.isOn && allowedOrigins.includes('*')) {
      throw new Error(
        'ALLOWED_ORIGINS=* cannot be used together with authentication (AUTH_TOKENS, OAUTH_ISSUER, authenticate): list the origins',
      );
    }
  }

  /** Whether callers have to prove who they are. */
  get isOn(): boolean {
    return this.#tokens !== undefined || this.#oauth !== undefined || this.#options.authenticate !== undefined;
  }

  /** Puts itself before the doors. To be called after the guard is in place and before any door is. */
  addTo(router: Router): void {
    if (!this.isOn) return;
    if (this.#oauth !== undefined) {
      this.#addMetadata(router, [METADATA_PATH], '');
      for (const door of DOORS) this.#addMetadata(router, [`${METADATA_PATH}${door}`, `${door}${METADATA_PATH}`], door);
    }
    router.use('/mcp', this.#authFor('/mcp'));
    router.use(['/sse', '/messages'], this.#authFor('/sse'));
  }

  /** The metadata where RFC 9728 §3.1 puts it when the routes have a prefix: at the root, with the prefix behind it. */
  addToRoot(router: Router): void {
    const { basePath } = this.#options.settings;
    if (this.#oauth === undefined || basePath === '') return;
    this.#addMetadata(router, [METADATA_PATH, `${METADATA_PATH}${basePath}`], '');
    for (const door of DOORS) this.#addMetadata(router, [`${METADATA_PATH}${basePath}${door}`], door);
  }

  #createOAuth(): OAuth | undefined {
    const { oauthIssuer, oauthJwksUrl, oauthTimeoutMs, oauthCooldownMs } = this.#options.settings;
    if (oauthIssuer === undefined) return undefined;
    return new OAuth({
      issuer: oauthIssuer,
      jwksUrl: oauthJwksUrl,
      audiences: () => this.#audiences(),
      keys: { timeoutMs: oauthTimeoutMs, cooldownMs: oauthCooldownMs, retryMs: Math.min(5000, oauthCooldownMs) },
    });
  }

  #authFor(door: DoorPath): ReturnType<typeof createAuth> {
    const { authenticate, onFault, settings } = this.#options;
    return createAuth({
      tokens: this.#tokens,
      authenticate,
      oauth: this.#oauth,
      scopes: settings.oauthScopes,
      metadataUrl: () => {
        const canonical = this.#oauth === undefined ? undefined : this.#canonical;
        return canonical === undefined ? undefined : metadataUrl(canonical, door);
      },
      onFault,
    });
  }

  #addMetadata(router: Router, paths: readonly string[], door: DoorPath | ''): void {
    addProtectedResourceRoutes(router, paths, () => this.#describe(door));
  }

  #describe(door: DoorPath | ''): ProtectedResource | undefined {
    const { oauthIssuer, oauthScopes } = this.#options.settings;
    const canonical = this.#canonical;
    if (oauthIssuer === undefined || canonical === undefined) return undefined;
    const scopes = [...new Set([...oauthScopes, ...this.#options.scopesInUse()])];
    return {
      resource: this.#resource(`${canonical}${door}`),
      authorization_servers: [oauthIssuer],
      scopes_supported: scopes.length === 0 ? undefined : scopes,
      bearer_methods_supported: ['header'],
      resource_name: this.#options.title,
    };
  }

  // Clients compare this with the URL they came to (RFC 9728 §3.3), so it is that one, unless the operator named a wider.
  #resource(url: string): string {
    const wider = this.#options.settings.oauthAudience.find((audience) => url === audience || isWithin(url, audience));
    return wider ?? url;
  }

  #audiences(): readonly string[] {
    const { oauthAudience } = this.#options.settings;
    if (oauthAudience.length > 0) return oauthAudience;
    const canonical = this.#canonical;
    if (canonical !== undefined) return audiencesOf(canonical);
    throw new Error('Set publicUrl or oauthAudience: without them nobody knows which tokens are for this server');
  }

  get #canonical(): string | undefined {
    return canonicalUrl(this.#options.settings, this.#options.ownUrl());
  }
}

function isWithin(url: string, audience: string): boolean {
  return /^https?:\/\//.test(audience) && url.startsWith(audience.endsWith('/') ? audience : `${audience}/`);
}
