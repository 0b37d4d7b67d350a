/** Names, addresses and origins: which of them are this machine, and which are allowed. */

/** Whether a host name or address means this machine only. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name === '::1' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);
}

/** The name in a `Host` header, without its port; `undefined` when it is none. */
export function hostName(header: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header ?? '');
  return match?.[1]?.toLowerCase();
}

/** Whether an `Origin` header is one of those allowed. `loopback` in the list means this machine, any port. */
export function isAllowedOrigin(origin: string, allowed: ReadonlySet<string>): boolean {
  // Two of them arrive joined by a comma; no single page has sent that.
  if (origin === 'null' || origin.includes(',')) return false;
  if (allowed.has('*') || allowed.has(origin.toLowerCase())) return true;
  return allowed.has('loopback') && isLoopbackOrigin(origin);
}

function isLoopbackOrigin(origin: string): boolean {
  const match = /^https?:\/\/(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i.exec(origin);
  return match?.[1] !== undefined && isLoopback(match[1]);
}
