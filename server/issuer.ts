import { isObject } from '../protocol/json-rpc.js';
import { fetchJson } from './key-set.js';

/**
 * Where an issuer says its keys are: OAuth 2.0 Authorization Server Metadata (RFC 8414 §3.1) and OpenID Connect
 * Discovery, in the order clients try them too. Metadata that names another issuer is not believed (RFC 8414 §3.3).
 * @throws Error when none of the documents can be had
 */
export async function locateKeys(issuer: string, timeoutMs = 5000): Promise<URL> {
  let failure: unknown;
  for (const url of metadataUrls(issuer)) {
    try {
      return keysOf(await fetchJson(url, timeoutMs), issuer);
    } catch (error) {
      failure = error;
    }
  }
  throw new Error(`${issuer} does not say where its keys are`, { cause: failure });
}

function metadataUrls(issuer: string): URL[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map(
    (name) => new URL(`${origin}/.well-known/${name}${path}`),
  );
  return path === '' ? inserted : [...inserted, new URL(`${origin}${path}/.well-known/openid-configuration`)];
}

function keysOf(metadata: unknown, issuer: string): URL {
  const { issuer: named, jwks_uri: uri } = isObject(metadata) ? metadata : {};
  if (named !== issuer) throw new Error('The metadata names another issuer');
  if (typeof uri !== 'string' || !URL.canParse(uri)) throw new Error('The metadata names no jwks_uri');
  return new URL(uri);
}
