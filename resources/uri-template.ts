/**
 * URI templates (RFC 6570) read backwards: from a URI to the values that were put in. Known are `{var}`, `{+var}`,
 * `{/var}`, lists of them, and one `{?a,b}` at the end, whose pairs may come in any order or not at all. Not known are
 * the other operators and modifiers: read backwards they mean more than one thing.
 */

interface Hole {
  readonly name: string;
  readonly operator: string;
}

type Part = string | Hole;

const VARIABLE = /^\w+(?:\.\w+)*$/;
const DOT_SEGMENT = /(?:^|[/\\])\.\.(?:$|[/\\])/;

export class UriTemplate {
  readonly #parts: readonly Part[];
  /** What `{?…}` names; `undefined` when the template has none and a `?` is a character like others. */
  readonly #query: ReadonlySet<string> | undefined;
  readonly variables: ReadonlySet<string>;

  /** @throws Error that says what is wrong with the template */
  constructor(template: string) {
    const { parts, query } = parseTemplate(template);
    const names = [...parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name])), ...(query ?? [])];
    this.#parts = parts;
    this.#query = query === undefined ? undefined : new Set(query);
    this.variables = new Set(names);
    if (this.variables.size !== names.length) throw new Error('a variable may stand in a URI template only once');
  }

  /**
   * The decoded values that make the template this URI; `undefined` when none do. No value is empty but in the query.
   * A value of `{var}` or `{/var}` has no path separator, encoded or not, and none climbs with `..`: handlers make
   * paths of them. Takes time in proportion to the length of the URI.
   */
  match(uri: string): Readonly<Record<string, string>> | undefined {
    // No URI has braces: this is a template that nobody filled in.
    if (/[{}]/.test(uri)) return undefined;
    const queryAt = this.#query === undefined ? -1 : uri.indexOf('?');
    const values = fill(this.#parts, queryAt < 0 ? uri : uri.slice(0, queryAt));
    if (values === undefined) return undefined;
    if (queryAt >= 0 && !this.#readQuery(uri.slice(queryAt + 1), values)) return undefined;
    return Object.fromEntries(values);
  }

  #readQuery(query: string, values: Map<string, string>): boolean {
    return query.split('&').every((pair) => {
      const equals = pair.indexOf('=');
      const name = equals < 0 ? pair : pair.slice(0, equals);
      const value = decode(equals < 0 ? '' : pair.slice(equals + 1));
      if (value === undefined || values.has(name) || this.#query?.has(name) !== true) return false;
      values.set(name, value);
      return true;
    });
  }
}

function parseTemplate(template: string): { parts: readonly Part[]; query?: readonly string[] } {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(template)) throw new Error('a URI template begins with a scheme');
  const pieces = template.split(/\{([^{}]*)\}/);
  const parts: Part[] = [];
  for (const [index, piece] of pieces.entries()) {
    if (index % 2 === 0) {
      if (/[{}]/.test(piece)) throw new Error('a URI template has a brace without its other half');
      if (piece !== '') parts.push(piece);
      continue;
    }
    const { operator, names } = parseExpression(piece);
    if (operator === '?') {
      const isLast = index === pieces.length - 2 && pieces.at(-1) === '';
      if (!isLast || parts.some((part) => typeof part === 'string' && part.includes('?'))) {
        throw new Error(`{${piece}} stands at the end of a URI template that has no other query`);
      }
      return { parts, query: names };
    }
    if (operator !== '/' && typeof parts.at(-1) === 'object') throw new Error(`{${piece}} needs text before it`);
    for (const [nth, name] of names.entries()) {
      if (operator === '/') parts.push('/');
      else if (nth > 0) parts.push(',');
      parts.push({ name, operator });
    }
  }
  return { parts };
}

function parseExpression(expression: string): { operator: string; names: readonly string[] } {
  const operator = /^[+/?]/.exec(expression)?.[0] ?? '';
  const names = expression.slice(operator.length).split(',');
  if (names.every((name) => VARIABLE.test(name))) return { operator, names };
  throw new Error(`a URI template may hold {var}, {+var}, {/var} and {?a,b}, not {${expression}}`);
}

function fill(parts: readonly Part[], text: string): Map<string, string> | undefined {
  const [first] = parts;
  if (typeof first !== 'string' || !text.startsWith(first)) return undefined;
  const fits = fitsFrom(parts, text);
  if (fits[0]?.[0] !== 1) return undefined;
  const values = new Map<string, string>();
  let at = 0;
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'string') {
      at += part.length;
      continue;
    }
    const start = at++;
    while (fits[index]?.[at] === 1) at++;
    const value = decode(text.slice(start, at));
    if (value === undefined || isUnsafe(value, part)) return undefined;
    values.set(part.name, value);
  }
  return values;
}

// For each part and each place in the text: whether the parts from here on can be all of the text from there on. Filled
// from the back, each place once, so that no URI makes it try combinations as a regular expression would.
function fitsFrom(parts: readonly Part[], text: string): readonly Uint8Array[] {
  let next = new Uint8Array(text.length + 1);
  next[text.length] = 1;
  const rows = parts.toReversed().map((part) => {
    const row = new Uint8Array(text.length + 1);
    for (let at = text.length - 1; at >= 0; at--) {
      const fits =
        typeof part === 'string'
          ? next[at + part.length] === 1 && text.startsWith(part, at)
          : isAllowed(text.charAt(at), part) && (next[at + 1] === 1 || row[at + 1] === 1);
      if (fits) row[at] = 1;
    }
    next = row;
    return row;
  });
  return rows.toReversed();
}

function isAllowed(char: string, { operator }: Hole): boolean {
  return operator === '+' || (char !== '/' && char !== '?' && char !== '#');
}

function isUnsafe(value: string, { operator }: Hole): boolean {
  return DOT_SEGMENT.test(value) || (operator !== '+' && /[/\\]/.test(value));
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not the encoding of any text, so no value expands to it.
    return undefined;
  }
}
