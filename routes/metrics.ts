import type { RequestHandler, Router } from 'express';
import { methodNotAllowed } from './method-not-allowed.js';
import { preflight } from './preflight.js';

const METHODS = 'GET, HEAD, OPTIONS';

export interface Rendered {
  readonly type: string;
  readonly text: string;
}

/** `/metrics`: what Prometheus scrapes. */
export function addMetricsRoute(router: Router, operatorOnly: RequestHandler, render: () => Promise<Rendered>): void {
  router
    .route('/metrics')
    .options(preflight(METHODS))
    .get(operatorOnly, async (_req, res) => {
      const { type, text } = await render();
      res.writeHead(200, {
        'Content-Type': type,
        'Cache-Control': 'no-store',
        'Content-Length': Buffer.byteLength(text),
      });
      res.end(text);
    })
    .all(methodNotAllowed(METHODS));
}
