/** The URLs this server is known by, and what OAuth makes of them. Nothing here is ever built from a `Host` header. */

/** The two doors a client can be given the URL of. */
export const DOORS = ['/mcp', '/sse'] as const;
export type DoorPath = (typeof DOORS)[number];

export const METADATA_PATH = '/.well-known/oauth-protected-resource';

/** Where the server is: the operator's word, or the address it listens on; with the prefix of all routes once. */
export function canonicalUrl(
  { publicUrl, basePath }: { readonly publicUrl: string | undefined; readonly basePath: string },
  ownUrl: string | undefined,
): string | undefined {
  const given = publicUrl ?? ownUrl;
  if (given === undefined) return undefined;
  const { origin, pathname } = new URL(given);
  const path = pathname.replace(/\/$/, '');
  return `${origin}${path.endsWith(basePath) ? path : `${path}${basePath}`}`;
}

/** Every way to write that a token is for us: the server as a whole, or one of its doors. */
export function audiencesOf(canonical: string): string[] {
  return [canonical, ...DOORS.map((door) => `${canonical}${door}`)].flatMap((url) => [url, `${url}/`]);
}

/** Where the metadata of a door is, or that of the whole. */
export function metadataUrl(canonical: string, door: DoorPath | ''): string {
  return `${canonical}${METADATA_PATH}${door}`;
}
