export interface ChallengeFacts {
  /** Why a token was not enough (RFC 6750 §3.1); absent when none was sent. */
  readonly error?: 'invalid_token' | 'insufficient_scope' | undefined;
  readonly description?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** Where a client reads which authorization server to ask; absent where there is none to ask. */
  readonly metadataUrl?: string | undefined;
}

/** A `WWW-Authenticate` header (RFC 6750 §3, RFC 9728 §5.1). */
export function formatChallenge({ error, description, scopes = [], metadataUrl }: ChallengeFacts): string {
  const parameters = [
    ['error', error],
    ['error_description', description],
    ['scope', scopes.length === 0 ? undefined : scopes.join(' ')],
    ['resource_metadata', metadataUrl],
  ].filter(([, value]) => value !== undefined);
  if (parameters.length === 0) return 'Bearer realm="mcp"';
  return `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(', ')}`;
}
