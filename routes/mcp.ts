import type { Router } from 'express';
import type { StreamableHttp } from '../transports/streamable-http.js';
import { methodNotAllowed } from './method-not-allowed.js';
import { ALL_METHODS, preflight } from './preflight.js';
import { visitOf } from './visit-of.js';

/** `/mcp`: the modern door. */
export function addMcpRoutes(router: Router, door: StreamableHttp): void {
  router
    .route('/mcp')
    .post((req, res) => door.post(visitOf(req, res)))
    .head((_req, res) => void res.writeHead(200, { Allow: ALL_METHODS, 'Cache-Control': 'no-store' }).end())
    .get((req, res) => door.get(visitOf(req, res)))
    .delete((req, res) => door.delete(visitOf(req, res)))
    .options(preflight())
    .all(methodNotAllowed(ALL_METHODS));
}
