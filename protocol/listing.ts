import type { Changes } from './changes.js';
import { hasScopes, type Principal } from './call.js';
import { PreparedResult, type Params } from './json-rpc.js';
import { type Implementation, MetaKey } from './mcp.js';
import { DEFAULT_PAGE_SIZE, pageOf, parseCursor } from './pages.js';
import { MODERN_REVISION, type Revision } from './versions.js';

export interface ListingOptions<T> {
  /** What the list is called in its result. */
  readonly key: string;
  readonly describe: (item: T, revision: Revision) => object;
  readonly serverInfo: Implementation;
  readonly pageSize?: number | undefined;
  /** Whether items whose scopes a caller lacks are left out of its list. */
  readonly hidesForbidden?: boolean | undefined;
}

/** What registries of listed things are made with. */
export type RegistryOptions = Pick<ListingOptions<unknown>, 'serverInfo' | 'pageSize' | 'hidesForbidden'> & {
  readonly changes: Changes;
};

/** The pages of a list as they go on the wire. Each is made once for all callers, unless items are hidden from some. */
export class Listing<T extends { readonly scopes?: readonly string[] }> {
  readonly #options: ListingOptions<T>;
  readonly #ready = new Map<string, PreparedResult>();

  constructor(options: ListingOptions<T>) {
    this.#options = options;
  }

  page(items: readonly T[], params: Params, revision: Revision, principal: Principal): PreparedResult {
    if (this.#options.hidesForbidden === true && principal.scopes !== undefined) {
      const visible = items.filter(({ scopes = [] }) => hasScopes(principal, scopes));
      return this.#make(visible, parseCursor(params, visible.length, this.#pageSize), revision);
    }
    const offset = parseCursor(params, items.length, this.#pageSize);
    const key = `${revision} ${String(offset)}`;
    const ready = this.#ready.get(key);
    if (ready !== undefined) return ready;
    const made = this.#make(items, offset, revision);
    this.#ready.set(key, made);
    return made;
  }

  /** Forgets the pages, because the list is another now. */
  clear(): void {
    this.#ready.clear();
  }

  get #pageSize(): number {
    return this.#options.pageSize ?? DEFAULT_PAGE_SIZE;
  }

  #make(list: readonly T[], offset: number, revision: Revision): PreparedResult {
    const { key, describe, serverInfo, hidesForbidden } = this.#options;
    const { items, ...next } = pageOf(list, offset, this.#pageSize);
    const result = { [key]: items.map((item) => describe(item, revision)), ...next };
    if (revision !== MODERN_REVISION) return new PreparedResult(JSON.stringify(result));
    return new PreparedResult(
      JSON.stringify({
        resultType: 'complete',
        ...result,
        ttlMs: 0,
        cacheScope: hidesForbidden === true ? 'private' : 'public',
        _meta: { [MetaKey.serverInfo]: serverInfo },
      }),
    );
  }
}
