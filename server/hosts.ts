/** Names, addresses and origins: which of them are this machine, and which are allowed. */
import { isIP } from 'node:net';

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

/**
 * Whether a name is one of those allowed. `ip` in the list means any address: a page that was rebound to us comes under
 * a name, never under an address, while health checks from inside often do.
 */
export function isAllowedHost(name: string, allowed: ReadonlySet<string>): boolean {
  return allowed.has(name) || (allowed.has('ip') && isIP(name.replace(/^\[|\]$/g, '')) !== 0);
}

/** Whether an `Origin` header is one of those allowed. `loopback` in the list means this machine, any port. */
export function isAllowedOrigin(origin: string, allowed: ReadonlySet<string>): boolean {
  // Two of them arrive joined by a comma; no single page has sent that.
  if (origin === 'null' || origin.includes(',')) return false;
  if (allowed.has('*') || allowed.has(origin.toLowerCase())) return true;
  return allowed.has('loopback') && isLoopbackOrigin(origin);
}

/** Whether a page that says this `Origin` came by the name it now asks by. Also one that was rebound to us did. */
export function isSameHost(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

function isLoopbackOrigin(origin: string): boolean {
  const match = /^https?:\/\/(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i.exec(origin);
  return match?.[1] !== undefined && isLoopback(match[1]);
}
