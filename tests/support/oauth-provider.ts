// What an application hands the official clients so that they can log in: it keeps what they ask it to keep, and its user always agrees.
import type { Json } from './clients/test-client.js';

const REDIRECT_URL = 'http://127.0.0.1/callback';

/** Fits the `OAuthClientProvider` of both SDK generations. */
export class OAuthProvider {
  readonly redirectUrl = REDIRECT_URL;
  readonly clientMetadata = {
    client_name: 'test',
    redirect_uris: [REDIRECT_URL],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  /** What came back with the browser. */
  callback: URLSearchParams | undefined;
  /** How often the user was sent to the authorization server. */
  redirects = 0;
  #client: Json;
  #tokens: Json;
  #verifier = '';
  #discovered: Json;

  clientInformation(): Json {
    return this.#client;
  }

  saveClientInformation(client: Json): void {
    this.#client = client;
  }

  tokens(): Json {
    return this.#tokens;
  }

  saveTokens(tokens: Json): void {
    this.#tokens = tokens;
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  saveDiscoveryState(discovered: Json): void {
    this.#discovered = discovered;
  }

  discoveryState(): Json {
    return this.#discovered;
  }

  /** The browser's part: goes there and comes back with a code. */
  async redirectToAuthorization(url: URL): Promise<void> {
    this.redirects += 1;
    const response = await fetch(url, { redirect: 'manual' });
    const location = response.headers.get('location');
    if (location === null) throw new Error(`The authorization server answered ${response.status}`);
    this.callback = new URL(location).searchParams;
  }

  /** The code of the last redirect. */
  get code(): string {
    return this.callback?.get('code') ?? '';
  }
}
