import type { Accepts } from './accept.js';
import type { PostMode } from './post-reply.js';
import type { TransportSettings } from './settings.js';

/** In which form a POST is answered: what the client reads goes before what the operator prefers. */
export function postMode(accepts: Accepts, { responseMode }: Pick<TransportSettings, 'responseMode'>): PostMode {
  if (!accepts.stream) return 'json';
  return accepts.json ? responseMode : 'sse';
}
