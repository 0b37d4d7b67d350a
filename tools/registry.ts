import * as z from 'zod';
import type { Principal } from '../protocol/call.js';
import { has } from '../protocol/features.js';
import { compact, fitDefinition } from '../protocol/fit.js';
import type { Params } from '../protocol/json-rpc.js';
import { Listing, type RegistryOptions } from '../protocol/listing.js';
import type { MirroredArgument } from '../protocol/modern.js';
import type { Revision } from '../protocol/versions.js';
import type { Tool } from './define-tool.js';
import { mirroredArguments } from './mirrored.js';
import { compileSchema, type CompiledSchema } from './schema.js';

export interface ToolRegistryOptions extends RegistryOptions {
  /** Whether callers prove who they are, so that each tool says what it needs (`securitySchemes`). */
  readonly advertisesSecurity?: boolean | undefined;
}

/** A tool made ready to be listed and called, once. */
export interface CompiledTool {
  readonly tool: Tool;
  readonly input: CompiledSchema;
  readonly output: CompiledSchema | undefined;
  readonly mirrored: readonly MirroredArgument[];
  readonly scopes: readonly string[];
}

/** What is known of all tools together. */
interface Facts {
  readonly all: readonly CompiledTool[];
  readonly hasTasks: boolean;
}

const NAME = /^[A-Za-z0-9_./-]{1,128}$/;
const NOTHING = z.object({});

/** Every tool there is, in the order they came. Both doors serve this one. */
export class ToolRegistry {
  readonly #tools = new Map<string, CompiledTool>();
  readonly #options: ToolRegistryOptions;
  readonly #listing: Listing<CompiledTool>;
  /** Made when it is asked for, forgotten when a tool comes or goes. */
  #facts: Facts | undefined;

  constructor(options: ToolRegistryOptions, tools: Iterable<Tool> = []) {
    this.#options = options;
    this.#listing = new Listing({
      ...options,
      key: 'tools',
      describe: (tool, revision) => this.#describe(tool, revision),
    });
    for (const tool of tools) {
      if (this.#tools.has(tool.name)) throw new Error(`There are two tools named "${tool.name}"`);
      this.#put(tool);
    }
  }

  /**
   * Adds a tool, or puts it in the place of the one with its name, and tells clients.
   * @throws Error when its name, schemas or header annotations are not valid
   */
  add(tool: Tool): void {
    this.#put(tool);
    this.#changed();
  }

  /** Takes a tool away and tells clients. */
  remove(name: string): boolean {
    const isThere = this.#tools.delete(name);
    this.#facts = undefined;
    if (isThere) this.#changed();
    return isThere;
  }

  get(name: string): CompiledTool | undefined {
    return this.#tools.get(name);
  }

  get tools(): readonly Tool[] {
    return this.#known.all.map(({ tool }) => tool);
  }

  /** Whether a call of some tool may go on as a task. */
  get hasTasks(): boolean {
    return this.#known.hasTasks;
  }

  get size(): number {
    return this.#tools.size;
  }

  /** Which arguments of the tool are mirrored into headers. */
  mirrors(name: string): readonly MirroredArgument[] {
    return this.#tools.get(name)?.mirrored ?? [];
  }

  /** One page of `tools/list`. */
  list(params: Params, revision: Revision, principal: Principal): object {
    return this.#listing.page(this.#known.all, params, revision, principal);
  }

  get #known(): Facts {
    if (this.#facts !== undefined) return this.#facts;
    const all = [...this.#tools.values()];
    return (this.#facts = { all, hasTasks: all.some(({ tool }) => tool.task !== undefined) });
  }

  #describe({ tool, input, output }: CompiledTool, revision: Revision): object {
    const { name, title, description, annotations, icons, _meta, task } = tool;
    const securitySchemes = this.#securitySchemes(tool);
    const isListedOutput =
      has(revision, 'anyStructuredContent') || (has(revision, 'outputSchema') && output?.json.type === 'object');
    const fitted = fitDefinition({ name, title, description, icons, _meta }, revision);
    return compact({
      ...fitted,
      // In every revision: who reads it does not look which one was agreed on.
      _meta: securitySchemes === undefined ? fitted._meta : { ...fitted._meta, securitySchemes },
      inputSchema: input.json,
      outputSchema: isListedOutput ? output?.json : undefined,
      annotations: has(revision, 'toolAnnotations') ? annotations : undefined,
      execution: has(revision, 'toolExecution') && task !== undefined ? { taskSupport: 'optional' } : undefined,
      securitySchemes,
    });
  }

  // An array, on the tool and again in `_meta`: the shape OpenAI's connector reads; it gives up on an object.
  #securitySchemes({ scopes = [] }: Tool): object[] | undefined {
    if (this.#options.advertisesSecurity !== true) return undefined;
    return scopes.length === 0 ? [{ type: 'noauth' }] : [{ type: 'oauth2', scopes }];
  }

  #put(tool: Tool): void {
    if (!NAME.test(tool.name)) {
      throw new Error(`Tool name "${tool.name}" must be 1 to 128 letters, digits, "_", "-", "." and "/"`);
    }
    this.#facts = undefined;
    try {
      this.#tools.set(tool.name, compileTool(tool));
    } catch (error) {
      throw new Error(`Tool "${tool.name}": ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  #changed(): void {
    this.#listing.clear();
    this.#options.changes.publish({ kind: 'tools' });
  }
}

function compileTool(tool: Tool): CompiledTool {
  const input = compileSchema(tool.input ?? NOTHING, 'input');
  if (input.json.type !== 'object') throw new Error('input must be an object schema');
  const output = tool.output === undefined ? undefined : compileSchema(tool.output, 'output');
  return { tool, input, output, mirrored: mirroredArguments(input.json), scopes: tool.scopes ?? [] };
}
