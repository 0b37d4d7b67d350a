import type { Request, RequestHandler, Router } from 'express';
import { ErrorCode } from '../protocol/errors.js';
import { HttpError, sendJson } from '../transports/http.js';
import { methodNotAllowed } from './method-not-allowed.js';
import { preflight } from './preflight.js';
import { admissionOf } from './visit-of.js';

const METHODS = 'GET, HEAD, OPTIONS';

/** Nothing but what comes from here, nothing inline, and nobody may put the page into a frame of theirs. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  'media-src data:',
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export interface Asset {
  readonly type: string;
  readonly body: string;
}

/** The page for people, as the server keeps it. */
export interface Page {
  /** @param prefix what the routes are mounted under, as the browser sees it */
  html(prefix: string): Promise<string>;
  /** `undefined` for what is no part of the page. */
  asset(name: string): Promise<Asset | undefined>;
}

/** Whether a file of the page is asked for. They are the same for everybody, and tell nothing. */
export function isPageFile({ method, path }: Request): boolean {
  return (method === 'GET' || method === 'HEAD') && /^\/page\/\w[\w.-]*$/.test(path);
}

/** `/`: a page for browsers; for everybody else a few facts, at once, since hosts use it to see whether we are there. */
export function addRootRoute(router: Router, facts: { name: string; version: string }, page: Page): void {
  const bodyAt = (prefix: string): string => {
    const endpoints = { mcp: `${prefix}/mcp`, sse: `${prefix}/sse`, health: `${prefix}/health` };
    return JSON.stringify({ ...facts, endpoints });
  };
  router
    .route('/')
    .get(async (req, res) => {
      const prefix = admissionOf(res)?.prefix ?? '';
      if (req.headers.accept?.includes('text/html') !== true) {
        return sendJson(res, 200, bodyAt(prefix), { Vary: 'Accept' });
      }
      const html = await page.html(prefix);
      send(
        res,
        { type: 'text/html; charset=utf-8', body: html },
        { 'Content-Security-Policy': POLICY, Vary: 'Accept' },
      );
    })
    .options(preflight(METHODS))
    .all(methodNotAllowed(METHODS));
  router
    .route('/page/:name')
    .get(async (req, res) => {
      const asset = await page.asset(req.params.name);
      if (asset === undefined) throw new HttpError(404, ErrorCode.transport, 'Not found');
      send(res, asset);
    })
    .options(preflight(METHODS))
    .all(methodNotAllowed(METHODS));
}

function send(
  res: Parameters<RequestHandler>[1],
  { type, body }: Asset,
  headers: Readonly<Record<string, string>> = {},
): void {
  res.writeHead(200, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-cache',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...headers,
  });
  res.end(body);
}
