/**
 * Where clients reach the routes: `PUBLIC_URL` with the prefix of the routes once, whichever of the two says it. Operators
 * also set it to the URL they give to clients, so the door at its end is no part of the base.
 * Not what OAuth calls the resource (`canonicalUrl`): there the operator's word is taken as it stands.
 */
export function publicBaseUrl(publicUrl: string, prefix: string): string {
  const { origin, pathname } = new URL(publicUrl);
  const path = pathname.replace(/(\/(mcp|sse))?\/*$/, '');
  if (prefix === path || prefix.startsWith(`${path}/`)) return `${origin}${prefix}`;
  return `${origin}${path.endsWith(prefix) ? path : `${path}${prefix}`}`;
}
