// A small authorization server on this machine: keys and their rotation, bad days, and the whole authorization-code flow with PKCE
// and dynamic registration. The user always agrees. What it is asked it remembers, so that a test can look.
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** How it is today: `down` hangs up, `broken` answers 500, `slow` answers never, `html` is somebody's error page. */
export type Mood = 'well' | 'down' | 'broken' | 'slow' | 'html';

export interface Claims extends JWTPayload {
  readonly scope?: string;
}

export interface TokenOptions {
  /** In seconds from now. */
  readonly expiresIn?: number;
  readonly header?: Readonly<Record<string, unknown>>;
}

interface Grant {
  readonly challenge: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly resource: string;
  readonly scope: string;
}

interface SigningKey {
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  readonly publicJwk: JWK;
}

export class AuthorizationServer {
  mood: Mood = 'well';
  /** What its metadata calls it; anything but `issuer` is a lie. */
  claimedIssuer: string | undefined;
  /** How long the tokens of the flow live, in seconds. */
  tokenSeconds = 300;
  /** How often each path was asked for. */
  readonly asked = new Map<string, number>();
  /** The tokens it gave out by the flow. */
  readonly issued: string[] = [];
  /** What the flow was asked for, in order: `resource` and `scope`. */
  readonly authorized: { readonly resource: string; readonly scope: string }[] = [];
  readonly issuer: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #clients = new Set<string>();
  readonly #codes = new Map<string, Grant>();
  #keys: SigningKey[] = [];

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<AuthorizationServer> {
    const server = createServer((req, res) => void authorization.#answer(req, res));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const authorization = new AuthorizationServer(server);
    await authorization.rotate();
    return authorization;
  }

  /** A new key; the old ones are not published any more. */
  async rotate(): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const publicJwk = { ...(await exportJWK(publicKey)), kid: randomUUID(), alg: 'ES256', use: 'sig' };
    this.#keys = [{ privateKey, publicJwk }];
  }

  /** The key it publishes. */
  get publicJwk(): JWK {
    return this.#key.publicJwk;
  }

  /** A signed token. Without further words it is good for nobody: it has no audience. */
  async token(claims: Claims = {}, { expiresIn = 300, header = {} }: TokenOptions = {}): Promise<string> {
    const { privateKey, publicJwk } = this.#key;
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: this.issuer, sub: 'alice', iat: now, exp: now + expiresIn, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: publicJwk.kid ?? '', typ: 'at+jwt', ...header })
      .sign(privateKey);
  }

  timesAsked(path: string): number {
    return this.asked.get(path) ?? 0;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  get #key(): SigningKey {
    const [key] = this.#keys;
    if (key === undefined) throw new Error('There is no key');
    return key;
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', this.issuer);
    this.asked.set(url.pathname, this.timesAsked(url.pathname) + 1);
    switch (this.mood) {
      case 'down':
        return void req.socket.destroy();
      case 'broken':
        return send(res, 500, { error: 'server_error' });
      case 'html':
        return void res.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Down for maintenance</h1>');
      case 'slow':
        return;
      case 'well':
        return this.#serve(url, req, res);
    }
  }

  async #serve(url: URL, req: IncomingMessage, res: ServerResponse): Promise<void> {
    switch (url.pathname) {
      case '/.well-known/oauth-authorization-server':
        return send(res, 200, this.#metadata());
      case '/jwks':
        return send(res, 200, { keys: this.#keys.map(({ publicJwk }) => publicJwk) });
      case '/register':
        return send(res, 201, this.#register(JSON.parse(await bodyOf(req)) as object));
      case '/authorize':
        return this.#authorize(url.searchParams, res);
      case '/token':
        return this.#redeem(new URLSearchParams(await bodyOf(req)), res);
      default:
        return send(res, 404, { error: 'not_found' });
    }
  }

  #metadata(): object {
    const { issuer } = this;
    return {
      issuer: this.claimedIssuer ?? issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  #register(metadata: object): object {
    const id = randomUUID();
    this.#clients.add(id);
    return { ...metadata, client_id: id, token_endpoint_auth_method: 'none' };
  }

  #authorize(asked: URLSearchParams, res: ServerResponse): void {
    const take = (name: string) => asked.get(name) ?? '';
    const clientId = take('client_id');
    if (!this.#clients.has(clientId)) return send(res, 400, { error: 'invalid_client' });
    if (take('code_challenge_method') !== 'S256') return send(res, 400, { error: 'invalid_request' });
    const [resource, scope, redirectUri] = [take('resource'), take('scope'), take('redirect_uri')];
    const code = randomUUID();
    this.#codes.set(code, { challenge: take('code_challenge'), clientId, redirectUri, resource, scope });
    this.authorized.push({ resource, scope });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    back.searchParams.set('iss', this.issuer);
    if (asked.has('state')) back.searchParams.set('state', take('state'));
    res.writeHead(302, { Location: back.href }).end();
  }

  async #redeem(asked: URLSearchParams, res: ServerResponse): Promise<void> {
    const code = asked.get('code') ?? '';
    const grant = this.#codes.get(code);
    this.#codes.delete(code);
    const proof = createHash('sha256')
      .update(asked.get('code_verifier') ?? '')
      .digest('base64url');
    const isGood =
      grant?.challenge === proof &&
      grant.clientId === asked.get('client_id') &&
      grant.redirectUri === asked.get('redirect_uri') &&
      grant.resource === (asked.get('resource') ?? '');
    if (!isGood) return send(res, 400, { error: 'invalid_grant' });
    const token = await this.token(
      { aud: grant.resource, scope: grant.scope, client_id: grant.clientId },
      { expiresIn: this.tokenSeconds },
    );
    this.issued.push(token);
    send(res, 200, { access_token: token, token_type: 'Bearer', expires_in: this.tokenSeconds, scope: grant.scope });
  }
}

function send(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
