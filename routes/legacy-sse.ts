import type { Router } from 'express';
import type { LegacySse } from '../transports/legacy-sse.js';
import { STREAM_HEADERS } from '../transports/sse-writer.js';
import type { StreamableHttp } from '../transports/streamable-http.js';
import { methodNotAllowed } from './method-not-allowed.js';
import { ALL_METHODS, preflight } from './preflight.js';
import { visitOf } from './visit-of.js';

/** `/sse` and `/messages/`: the legacy pair. A modern client that was given the old URL is served as on `/mcp`. */
export function addLegacyRoutes(router: Router, door: LegacySse, modern: StreamableHttp): void {
  router
    .route('/sse')
    .head((_req, res) => void res.writeHead(200, [...STREAM_HEADERS]).end())
    .get((req, res) => {
      const visit = visitOf(req, res);
      return req.headers['mcp-session-id'] === undefined ? door.stream(visit) : modern.get(visit);
    })
    .post((req, res) => modern.post(visitOf(req, res)))
    .delete((req, res) => modern.delete(visitOf(req, res)))
    .options(preflight())
    .all(methodNotAllowed(ALL_METHODS));
  router
    .route('/messages')
    .post((req, res) => door.message(visitOf(req, res)))
    .options(preflight('POST, OPTIONS'))
    .all(methodNotAllowed('POST, OPTIONS'));
}
