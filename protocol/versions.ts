/** The revisions that open with an `initialize` handshake, newest first. */
export const HANDSHAKE_REVISIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

/** The revision that carries version and capabilities in every request and has no handshake. */
export const MODERN_REVISION = '2026-07-28';

/** Every revision served, newest first; what `server/discover` and -32022 list. */
export const REVISIONS = [MODERN_REVISION, ...HANDSHAKE_REVISIONS] as const;

export type HandshakeRevision = (typeof HANDSHAKE_REVISIONS)[number];
export type Revision = (typeof REVISIONS)[number];

/** What a request without any word of its version speaks (2025-06-18 transports, "Protocol Version Header"). */
export const ASSUMED_REVISION: HandshakeRevision = '2025-03-26';

/** The oldest revision: what a legacy session speaks until it says otherwise. */
export const OLDEST_REVISION: HandshakeRevision = '2024-11-05';

const handshake = new Set<string>(HANDSHAKE_REVISIONS);
const all = new Set<string>(REVISIONS);

export function isHandshakeRevision(value: unknown): value is HandshakeRevision {
  return typeof value === 'string' && handshake.has(value);
}

export function isRevision(value: unknown): value is Revision {
  return typeof value === 'string' && all.has(value);
}

/**
 * The version `initialize` answers with: the one asked for when it is served, the newest handshake revision when it is
 * not, and 2025-03-26 when none was named (2025-11-25 lifecycle, "Version Negotiation").
 */
export function negotiate(requested: unknown): HandshakeRevision {
  if (requested === undefined) return ASSUMED_REVISION;
  return isHandshakeRevision(requested) ? requested : HANDSHAKE_REVISIONS[0];
}

/** Revisions are ISO dates, so their order is that of their text. */
export function isAtLeast(revision: Revision, minimum: Revision): boolean {
  return revision >= minimum;
}
