import { hasScopes, type Principal } from '../protocol/call.js';
import type { Changes } from '../protocol/changes.js';
import type { Context } from '../protocol/context.js';
import { insufficientScope } from '../protocol/errors.js';
import { has } from '../protocol/features.js';
import { compact, fitDefinition } from '../protocol/fit.js';
import type { Params } from '../protocol/json-rpc.js';
import { Listing, type RegistryOptions } from '../protocol/listing.js';
import type { Revision } from '../protocol/versions.js';
import { compileArguments, type CompiledArguments } from './arguments.js';
import type { Completer, Prompt } from './define-prompt.js';

/** A prompt made ready to be listed and got, once. */
export interface CompiledPrompt {
  readonly prompt: Prompt;
  readonly arguments: CompiledArguments;
  readonly completers: ReadonlyMap<string, Completer>;
  readonly scopes: readonly string[];
}

const NAME = /^[A-Za-z0-9_./-]{1,128}$/;

/** Every prompt there is, in the order they came. Both doors serve this one. */
export class PromptRegistry {
  readonly #prompts = new Map<string, CompiledPrompt>();
  readonly #changes: Changes;
  readonly #listing: Listing<CompiledPrompt>;

  constructor(options: RegistryOptions, prompts: Iterable<Prompt> = []) {
    this.#changes = options.changes;
    this.#listing = new Listing({ ...options, key: 'prompts', describe });
    for (const prompt of prompts) this.#put(prompt);
  }

  /**
   * Adds a prompt, or puts it in the place of the one with its name, and tells clients.
   * @throws Error when its name or arguments are not valid, or it completes an argument it does not have
   */
  add(prompt: Prompt): void {
    this.#put(prompt);
    this.#changed();
  }

  /** Takes a prompt away and tells clients. */
  remove(name: string): boolean {
    const isThere = this.#prompts.delete(name);
    if (isThere) this.#changed();
    return isThere;
  }

  get(name: string): CompiledPrompt | undefined {
    return this.#prompts.get(name);
  }

  get prompts(): readonly Prompt[] {
    return [...this.#prompts.values()].map(({ prompt }) => prompt);
  }

  get size(): number {
    return this.#prompts.size;
  }

  /** One page of `prompts/list`. */
  list(params: Params, revision: Revision, principal: Principal): object {
    return this.#listing.page([...this.#prompts.values()], params, revision, principal);
  }

  /**
   * What could stand for an argument; `undefined` when there is no prompt of that name.
   * @throws RpcError when the caller lacks the scopes to get it
   */
  async complete(
    name: string,
    argument: { readonly name: string; readonly value: string },
    context: Context,
    given: Readonly<Record<string, string>> = {},
  ): Promise<readonly string[] | undefined> {
    const compiled = this.#prompts.get(name);
    if (compiled === undefined) return undefined;
    const scopes = compiled.prompt.scopes ?? [];
    if (!hasScopes(context.principal, scopes)) throw insufficientScope(scopes);
    const completer = compiled.completers.get(argument.name);
    return completer === undefined ? [] : completer(argument.value, context, { arguments: given });
  }

  #put(prompt: Prompt): void {
    if (!NAME.test(prompt.name)) {
      throw new Error(`Prompt name "${prompt.name}" must be 1 to 128 letters, digits, "_", "-", "." and "/"`);
    }
    try {
      this.#prompts.set(prompt.name, compilePrompt(prompt));
    } catch (error) {
      throw new Error(`Prompt "${prompt.name}": ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  #changed(): void {
    this.#listing.clear();
    this.#changes.publish({ kind: 'prompts' });
  }
}

function compilePrompt(prompt: Prompt): CompiledPrompt {
  const compiled = compileArguments(prompt.arguments);
  const names = new Set(compiled.list.map(({ name }) => name));
  const completers = new Map<string, Completer>();
  for (const [name, completer] of Object.entries(prompt.complete ?? {})) {
    if (!names.has(name)) throw new Error(`there is no argument ${name} to complete`);
    if (completer !== undefined) completers.set(name, completer);
  }
  return { prompt, arguments: compiled, completers, scopes: prompt.scopes ?? [] };
}

function describe({ prompt, arguments: { list } }: CompiledPrompt, revision: Revision): object {
  const { name, title, description, icons, _meta } = prompt;
  const fitted = list.map((argument) =>
    compact({ ...argument, title: has(revision, 'title') ? argument.title : undefined }),
  );
  return compact({
    ...fitDefinition({ name, title, description, icons, _meta }, revision),
    arguments: fitted.length === 0 ? undefined : fitted,
  });
}
