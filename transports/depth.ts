const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SHORT = 16;

/**
 * Whether JSON nests deeper than that, told from its bytes: before a parser makes an object of every bracket. Of what
 * is no JSON it says something or other.
 */
export function nestsDeeper(bytes: Buffer, maxDepth: number): boolean {
  let depth = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    switch (bytes[index]) {
      case QUOTE:
        index = endOfString(bytes, index + 1);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        if (depth > maxDepth) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
      default:
    }
  }
  return false;
}

// Where the closing quote is. Most strings are short; for the others the search of the runtime is many times quicker.
function endOfString(bytes: Buffer, start: number): number {
  for (let index = start; index < start + SHORT; index += 1) {
    const byte = bytes[index];
    if (byte === QUOTE || byte === undefined) return index;
    if (byte === BACKSLASH) index += 1;
  }
  for (let quote = bytes.indexOf(QUOTE, start); quote >= 0; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let slashes = 0;
    while (quote - slashes > start && bytes[quote - slashes - 1] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return quote;
  }
  return bytes.length;
}
