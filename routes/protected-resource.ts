import type { Router } from 'express';
import { ErrorCode } from '../protocol/errors.js';
import { HttpError, sendJson } from '../transports/http.js';
import { methodNotAllowed } from './method-not-allowed.js';
import { preflight } from './preflight.js';

const METHODS = 'GET, HEAD, OPTIONS';

/** OAuth 2.0 Protected Resource Metadata (RFC 9728 §2), as far as we say something in it. */
export interface ProtectedResource {
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly scopes_supported?: readonly string[] | undefined;
  readonly bearer_methods_supported: readonly string[];
  readonly resource_name?: string;
}

/** Where clients read whom to ask for a token. Open to everybody, and of use only before there is one. */
export function addProtectedResourceRoutes(
  router: Router,
  paths: readonly string[],
  describe: () => ProtectedResource | undefined,
): void {
  for (const path of paths) {
    router
      .route(path)
      .get((_req, res) => {
        const metadata = describe();
        if (metadata === undefined) throw new HttpError(404, ErrorCode.transport, 'Not found');
        sendJson(res, 200, JSON.stringify(metadata));
      })
      .options(preflight(METHODS))
      .all(methodNotAllowed(METHODS));
  }
}
