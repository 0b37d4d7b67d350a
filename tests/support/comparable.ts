import type { HttpReply } from './http-call.js';

/** All of an answer that may not differ: everything but the time of day and the name of the exchange. */
export function comparable({ status, headers, text }: HttpReply): string {
  const kept = headers.filter(([name]) => !['date', 'x-request-id'].includes(name.toLowerCase()));
  return [String(status), ...kept.map(([name, value]) => `${name}: ${value}`), '', text].join('\r\n');
}
