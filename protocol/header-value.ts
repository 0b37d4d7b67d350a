const SENTINEL = /^=\?base64\?(.*)\?=$/s;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const PLAIN = /^[\t\x20-\x7e]*$/;

/**
 * What a mirrored header stands for: itself, or the UTF-8 text inside `=?base64?…?=`
 * (2026-07-28 "Value Encoding"). `undefined` when it is neither.
 */
export function decodeHeaderValue(header: string): string | undefined {
  if (!PLAIN.test(header)) return undefined;
  // In what is plain, blank and tab are all there is to trim; a pattern for the blanks at the end takes quadratic time.
  const value = header.trim();
  const encoded = SENTINEL.exec(value)?.[1];
  if (encoded === undefined) return value;
  if (!BASE64.test(encoded)) return undefined;
  try {
    const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // The bytes are no UTF-8.
    return undefined;
  }
}
