import type { Router } from 'express';
import { sendJson } from '../transports/http.js';
import { methodNotAllowed } from './method-not-allowed.js';
import { preflight } from './preflight.js';

const METHODS = 'GET, HEAD, OPTIONS';

/** `/`: answers at once, since hosts use it to see whether the server is there. */
export function addRootRoute(router: Router, facts: { name: string; version: string }): void {
  const body = JSON.stringify({ ...facts, endpoints: { mcp: '/mcp', sse: '/sse', health: '/health' } });
  router
    .route('/')
    .get((_req, res) => sendJson(res, 200, body))
    .options(preflight(METHODS))
    .all(methodNotAllowed(METHODS));
}
