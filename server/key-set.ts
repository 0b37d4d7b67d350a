import type { createLocalJWKSet, JSONWebKeySet, JWTVerifyGetKey } from 'jose';

export interface KeySetOptions {
  /** Where the keys are; asked again whenever they are fetched. May reject. */
  readonly locate: () => Promise<URL>;
  /** How long keys are used without looking whether there are others. */
  readonly freshMs?: number;
  /** How long keys that cannot be fetched again go on being used. */
  readonly staleMs?: number;
  /** How soon a key nobody knows makes us look again. */
  readonly cooldownMs?: number;
  /** How long nobody tries again after a fetch that failed. */
  readonly retryMs?: number;
  readonly timeoutMs?: number;
}

/** The keys cannot be had, so nothing can be said of a token: neither that it is good nor that it is not. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

type Keys = ReturnType<typeof createLocalJWKSet>;

/**
 * The public keys of an authorization server. Fetched when they are needed, at most one fetch at a time; an unknown key
 * id makes it look again, but not oftener than the cooldown lets it, so that made-up ids cannot be turned against the
 * authorization server.
 */
export class KeySet {
  readonly #options: Required<KeySetOptions>;
  #keys: Keys | undefined;
  #fetchedAt = -Infinity;
  #failedAt = -Infinity;
  #failure: unknown;
  #fetching: Promise<void> | undefined;

  constructor(options: KeySetOptions) {
    this.#options = {
      freshMs: 600_000,
      staleMs: 3_600_000,
      cooldownMs: 30_000,
      retryMs: 5000,
      timeoutMs: 5000,
      ...options,
    };
  }

  /** How long a caller that was told of `KeysUnavailable` should wait. */
  get retrySeconds(): number {
    return Math.max(1, Math.ceil(this.#options.retryMs / 1000));
  }

  /** @throws KeysUnavailable when the keys cannot be had; JWKSNoMatchingKey when none of them fits */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const { errors } = await import('jose');
    const { freshMs, staleMs, cooldownMs } = this.#options;
    if (this.#age >= staleMs) await this.#refresh();
    else if (this.#age >= freshMs) void this.#fetchOnce();
    try {
      return await this.#known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw new KeysUnavailable('A key cannot be used', { cause: error });
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#age < cooldownMs) throw error;
    }
    // A key that came since is no fault of the caller, so without a fresh look there is no verdict.
    await this.#refresh();
    return this.#known(header, token);
  };

  get #age(): number {
    return performance.now() - this.#fetchedAt;
  }

  async #known(...token: Parameters<Keys>): ReturnType<Keys> {
    if (this.#keys === undefined) throw new Error('There are no keys yet');
    return this.#keys(...token);
  }

  async #refresh(): Promise<void> {
    await this.#fetchOnce();
    if (this.#failedAt <= this.#fetchedAt) return;
    throw new KeysUnavailable('The keys cannot be fetched', { cause: this.#failure });
  }

  async #fetchOnce(): Promise<void> {
    if (performance.now() - this.#failedAt < this.#options.retryMs) return;
    await (this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined)));
  }

  // Never rejects: whoever waits looks at what has become of it.
  async #fetch(): Promise<void> {
    try {
      const { createLocalJWKSet } = await import('jose');
      const url = await this.#options.locate();
      this.#keys = createLocalJWKSet((await fetchJson(url, this.#options.timeoutMs)) as JSONWebKeySet);
      this.#fetchedAt = performance.now();
    } catch (error) {
      this.#failure = error;
      this.#failedAt = performance.now();
    }
  }
}

/** A JSON document of the authorization server. Redirects are not followed: what it says is where it is. */
export async function fetchJson(url: URL, timeoutMs: number): Promise<unknown> {
  const headers = { Accept: 'application/json' };
  const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  if (response.ok) return response.json();
  await response.body?.cancel();
  throw new Error(`${url.href} answered ${response.status}`);
}
