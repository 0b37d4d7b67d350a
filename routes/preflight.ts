import type { RequestHandler } from 'express';

export const ALL_METHODS = 'GET, POST, DELETE, OPTIONS, HEAD';

/**
 * `OPTIONS`: which verbs there are, for preflights and for whoever asks. Whether the origin may come at all was decided
 * before; nobody is asked for a token here.
 */
export function preflight(methods = ALL_METHODS): RequestHandler {
  return function preflight(req, res) {
    res.writeHead(200, {
      Allow: methods,
      'Access-Control-Allow-Methods': ALL_METHODS,
      'Access-Control-Allow-Headers': allowedHeaders(req.get('access-control-request-headers')),
      'Access-Control-Max-Age': '86400',
      'Cache-Control': 'no-store',
      'Content-Length': 0,
    });
    res.end();
  };
}

/**
 * Preflights of paths nobody knows: a page reads that there is nothing (as of the metadata that clients look for) only
 * when its browser was let ask.
 */
export function preflightAnywhere(): RequestHandler {
  const answer = preflight();
  return function preflightAnywhere(req, res, next) {
    const { origin, 'access-control-request-method': wanted } = req.headers;
    if (req.method !== 'OPTIONS' || origin === undefined || wanted === undefined) next();
    else answer(req, res, next);
  };
}

const KNOWN = new Set([
  'accept',
  'authorization',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'x-request-id',
]);

function allowedHeaders(requested: string | undefined): string {
  // `Mcp-Param-*` names are the tools' own, so those that are asked for are repeated, when they are names at all.
  const mirrored = (requested ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => /^mcp-[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name) && !KNOWN.has(name));
  return [...KNOWN, ...mirrored].join(', ');
}
