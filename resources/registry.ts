import { hasScopes, type Principal } from '../protocol/call.js';
import type { Changes } from '../protocol/changes.js';
import type { Context } from '../protocol/context.js';
import { insufficientScope } from '../protocol/errors.js';
import { compact, fitAnnotations, fitDefinition } from '../protocol/fit.js';
import type { Params } from '../protocol/json-rpc.js';
import { Listing, type RegistryOptions } from '../protocol/listing.js';
import type { Revision } from '../protocol/versions.js';
import type { Completer, ReadReturn, Resource, ResourceTemplate } from './define-resource.js';
import { UriTemplate } from './uri-template.js';

/** What stands behind a uri. */
export interface FoundResource {
  readonly definition: Resource | ResourceTemplate;
  read(context: Context): ReadReturn | Promise<ReadReturn>;
}

interface CompiledTemplate {
  readonly template: ResourceTemplate;
  readonly pattern: UriTemplate;
  readonly completers: ReadonlyMap<string, Completer>;
}

/** Every resource and template there is, in the order they came. Both doors serve this one. */
export class ResourceRegistry {
  readonly #resources = new Map<string, Resource>();
  readonly #templates = new Map<string, CompiledTemplate>();
  readonly #changes: Changes;
  readonly #resourceListing: Listing<Resource>;
  readonly #templateListing: Listing<ResourceTemplate>;

  constructor(
    options: RegistryOptions,
    resources: Iterable<Resource> = [],
    templates: Iterable<ResourceTemplate> = [],
  ) {
    this.#changes = options.changes;
    this.#resourceListing = new Listing({ ...options, key: 'resources', describe: describeResource });
    this.#templateListing = new Listing({ ...options, key: 'resourceTemplates', describe: describeTemplate });
    for (const resource of resources) this.#put(resource);
    for (const template of templates) this.#putTemplate(template);
  }

  /**
   * Adds a resource, or puts it in the place of the one with its uri, and tells clients.
   * @throws Error when its uri is none, or its `ttlMs` cannot be
   */
  add(resource: Resource): void {
    this.#put(resource);
    this.#changed();
  }

  /**
   * Adds a template, or puts it in the place of the one that reads the same, and tells clients. Where several match a
   * uri, the one that came first is read.
   * @throws Error when it is not valid, or completes a variable it does not have
   */
  addTemplate(template: ResourceTemplate): void {
    this.#putTemplate(template);
    this.#changed();
  }

  /** Takes a resource away by its uri, or a template by its text, and tells clients. */
  remove(uri: string): boolean {
    const isThere = this.#resources.delete(uri) || this.#templates.delete(uri);
    if (isThere) this.#changed();
    return isThere;
  }

  /** Tells those who asked that what is read at this uri is not what it was. */
  updated(uri: string): void {
    this.#changes.publish({ kind: 'resource', uri });
  }

  get resources(): readonly Resource[] {
    return [...this.#resources.values()];
  }

  get templates(): readonly ResourceTemplate[] {
    return [...this.#templates.values()].map(({ template }) => template);
  }

  /** Of both kinds together. */
  get size(): number {
    return this.#resources.size + this.#templates.size;
  }

  /** The resource with this uri, or what the first template that matches makes of it. */
  find(uri: string): FoundResource | undefined {
    const resource = this.#resources.get(uri);
    if (resource !== undefined) return { definition: resource, read: (context) => resource.read(uri, context) };
    for (const { template, pattern } of this.#templates.values()) {
      const variables = pattern.match(uri);
      if (variables === undefined) continue;
      return { definition: template, read: (context) => template.read(uri, variables as never, context) };
    }
    return undefined;
  }

  /** Those of the uris that something stands behind, for this caller. */
  visible(uris: readonly string[], principal: Principal): string[] {
    return uris.filter((uri) => {
      const found = this.find(uri);
      return found !== undefined && hasScopes(principal, found.definition.scopes ?? []);
    });
  }

  /** One page of `resources/list`. */
  list(params: Params, revision: Revision, principal: Principal): object {
    return this.#resourceListing.page(this.resources, params, revision, principal);
  }

  /** One page of `resources/templates/list`. */
  listTemplates(params: Params, revision: Revision, principal: Principal): object {
    return this.#templateListing.page(this.templates, params, revision, principal);
  }

  /**
   * What could stand for a variable. `uri` is that of a template, of something a template matches, or of a resource
   * (which has nothing to complete); `undefined` when it is none of these.
   * @throws RpcError when the caller lacks the scopes to read there
   */
  async complete(
    uri: string,
    argument: { readonly name: string; readonly value: string },
    context: Context,
    given: Readonly<Record<string, string>> = {},
  ): Promise<readonly string[] | undefined> {
    const template = this.#templates.get(uri)?.template;
    const definition = template ?? this.find(uri)?.definition;
    if (definition === undefined) return undefined;
    const scopes = definition.scopes ?? [];
    if (!hasScopes(context.principal, scopes)) throw insufficientScope(scopes);
    if (!('uriTemplate' in definition)) return [];
    const completer = this.#templates.get(definition.uriTemplate)?.completers.get(argument.name);
    return completer === undefined ? [] : completer(argument.value, context, { arguments: given });
  }

  #put(resource: Resource): void {
    if (!URL.canParse(resource.uri)) throw new Error(`Resource "${resource.name}": "${resource.uri}" is no URI`);
    checkTtl(resource, `Resource "${resource.name}"`);
    this.#resources.set(resource.uri, resource);
  }

  #putTemplate(template: ResourceTemplate): void {
    const label = `Resource template "${template.name}"`;
    checkTtl(template, label);
    try {
      this.#templates.set(template.uriTemplate, compileTemplate(template));
    } catch (error) {
      throw new Error(`${label}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  #changed(): void {
    this.#resourceListing.clear();
    this.#templateListing.clear();
    this.#changes.publish({ kind: 'resources' });
  }
}

function compileTemplate(template: ResourceTemplate): CompiledTemplate {
  const pattern = new UriTemplate(template.uriTemplate);
  const completers = new Map<string, Completer>();
  for (const [name, completer] of Object.entries(template.complete ?? {})) {
    if (!pattern.variables.has(name)) throw new Error(`there is no variable ${name} to complete`);
    if (completer !== undefined) completers.set(name, completer);
  }
  return { template, pattern, completers };
}

function checkTtl({ ttlMs = 0 }: Resource | ResourceTemplate, label: string): void {
  if (Number.isSafeInteger(ttlMs) && ttlMs >= 0) return;
  throw new Error(`${label}: ttlMs must be a whole number from 0, not ${String(ttlMs)}`);
}

function describeResource(resource: Resource, revision: Revision): object {
  return compact({ uri: resource.uri, ...describe(resource, revision), size: resource.size });
}

function describeTemplate(template: ResourceTemplate, revision: Revision): object {
  return { uriTemplate: template.uriTemplate, ...describe(template, revision) };
}

function describe(definition: Resource | ResourceTemplate, revision: Revision): object {
  const { name, title, description, mimeType, annotations, icons, _meta } = definition;
  const fitted = fitAnnotations(annotations, revision);
  return fitDefinition({ name, title, description, mimeType, annotations: fitted, icons, _meta }, revision);
}
