import type { Context } from '../protocol/context.js';
import type { Annotations, Icon, Meta, ResourceContents } from '../protocol/mcp.js';
import type { VariablesOf } from './variables-of.js';

/** Who may keep what was read: anyone, or only the caller. */
export type CacheScope = 'public' | 'private';

/** Contents that need not repeat the uri they were asked by. */
export type PartialContents = Omit<ResourceContents, 'uri'> & { readonly uri?: string | undefined };

/** A whole result. Its cache hints go before those of the definition. */
export interface ReadResult {
  readonly contents: readonly PartialContents[];
  readonly ttlMs?: number | undefined;
  readonly cacheScope?: CacheScope | undefined;
  readonly _meta?: Meta | undefined;
}

/**
 * What `read` may return: text, bytes, contents, or a whole result; `undefined` when there is no such resource after
 * all, which the client hears as that.
 */
export type ReadReturn = string | Uint8Array | PartialContents | readonly PartialContents[] | ReadResult | undefined;

interface Definition {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  /** `text/plain` for text and `application/octet-stream` for bytes, when absent. */
  readonly mimeType?: string;
  readonly annotations?: Annotations;
  readonly icons?: readonly Icon[];
  /** What a caller must be allowed to do, where callers have scopes. */
  readonly scopes?: readonly string[];
  readonly _meta?: Meta;
  /** How long a reader may take what it read for fresh, in ms. */
  readonly ttlMs?: number;
  /** `public` only for what is the same for every caller. */
  readonly cacheScope?: CacheScope;
}

export interface Resource extends Definition {
  readonly uri: string;
  /** In bytes, before any encoding. */
  readonly size?: number;
  /**
   * Reads it. A `ToolError` or `RpcError` it throws is told to the client; anything else is logged here and leaves as a
   * generic message.
   */
  read(uri: string, context: Context): ReadReturn | Promise<ReadReturn>;
}

/** Suggests values for a variable that begins with `value`, best first; `arguments` are those already filled in. */
export type Completer = (
  value: string,
  context: Context,
  filled: { readonly arguments: Readonly<Record<string, string>> },
) => readonly string[] | Promise<readonly string[]>;

export interface ResourceTemplateDefinition<T extends string> extends Definition {
  /** RFC 6570 with `{var}`, `{+var}`, `{/var}` and `{?a,b}`; see `uri-template.ts` for what each of them matches. */
  readonly uriTemplate: T;
  readonly complete?: { readonly [K in keyof VariablesOf<T>]?: Completer };
  /** As that of a resource, with the decoded variables. It says itself whether they name something there is. */
  read(uri: string, variables: VariablesOf<T>, context: Context): ReadReturn | Promise<ReadReturn>;
}

/** A template whose types have done their work. */
export interface ResourceTemplate extends Definition {
  readonly uriTemplate: string;
  readonly complete?: Readonly<Record<string, Completer | undefined>>;
  read(uri: string, variables: never, context: Context): ReadReturn | Promise<ReadReturn>;
}

/** A resource is data: define it at module level, once. */
export function defineResource(resource: Resource): Resource {
  return resource;
}

/** Many resources of one shape, found by what their URIs have in common. */
export function defineResourceTemplate<const T extends string>(
  template: ResourceTemplateDefinition<T>,
): ResourceTemplate {
  return template;
}
