import type { Router } from 'express';
import { sendJson } from '../transports/http.js';
import { methodNotAllowed } from './method-not-allowed.js';
import { preflight } from './preflight.js';

const METHODS = 'GET, HEAD, OPTIONS';

export interface Health {
  readonly status: 'ok' | 'draining';
  readonly name: string;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly sessions: number;
  readonly streams: number;
  readonly calls: number;
}

/** `/health`: alive, and how busy. `/ready`: whether new work is wanted here. */
export function addHealthRoutes(router: Router, health: () => Health, isReady: () => boolean): void {
  router
    .route('/health')
    .get((_req, res) => sendJson(res, 200, JSON.stringify(health())))
    .options(preflight(METHODS))
    .all(methodNotAllowed(METHODS));
  router
    .route('/ready')
    .get((_req, res) => {
      const ready = isReady();
      sendJson(res, ready ? 200 : 503, JSON.stringify({ ready }), ready ? undefined : { 'Retry-After': '5' });
    })
    .options(preflight(METHODS))
    .all(methodNotAllowed(METHODS));
}
