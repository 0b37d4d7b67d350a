import type { Call } from './call.js';
import { ErrorCode, RpcError } from './errors.js';
import { errorResponse, PreparedResult, resultResponse, type Params, type Request, type Response } from './json-rpc.js';
import { type Implementation, MetaKey } from './mcp.js';
import { MODERN_REVISION } from './versions.js';

/** One thing a client can ask for. */
export interface Method {
  readonly name: string;
  /** Which revisions know it: those with a handshake, the modern one, or (when absent) both. */
  readonly era?: 'handshake' | 'modern' | undefined;
  /** @throws RpcError to refuse; anything else it throws is ours and stays here. */
  run(params: Params, call: Call): object | Promise<object>;
}

export interface DispatcherOptions {
  readonly methods: Iterable<Method>;
  readonly serverInfo: Implementation;
  /** Hears of every error that is not for the peer to read. */
  readonly onFault: (error: unknown, request: Request, call: Call) => void;
}

const NO_PARAMS: Params = Object.freeze({});

/** From a request to its response. Methods sit in a `Map`: what a peer names is never looked up in an object. */
export class Dispatcher {
  readonly #handshake = new Map<string, Method>();
  readonly #modern = new Map<string, Method>();
  readonly #serverInfo: Implementation;
  readonly #onFault: DispatcherOptions['onFault'];

  constructor({ methods, serverInfo, onFault }: DispatcherOptions) {
    for (const method of methods) {
      if (method.era !== 'modern') this.#handshake.set(method.name, method);
      if (method.era !== 'handshake') this.#modern.set(method.name, method);
    }
    this.#serverInfo = serverInfo;
    this.#onFault = onFault;
  }

  /** Whether a method of that name is known in any revision. */
  knows(name: string): boolean {
    return this.#handshake.has(name) || this.#modern.has(name);
  }

  /** Never throws or rejects: what goes wrong is in the response. A promise only where the method has to wait. */
  dispatch(request: Request, call: Call): Response | Promise<Response> {
    const isModern = call.revision === MODERN_REVISION;
    const method = (isModern ? this.#modern : this.#handshake).get(request.method);
    if (method === undefined) {
      return errorResponse(request.id, { code: ErrorCode.methodNotFound, message: 'Method not found' });
    }
    const respond = (result: object): Response => resultResponse(request.id, isModern ? this.complete(result) : result);
    try {
      const result = method.run(request.params ?? NO_PARAMS, call);
      if (!(result instanceof Promise)) return respond(result);
      return result.then(respond).catch((error: unknown) => this.#refuse(error, request, call));
    } catch (error) {
      return this.#refuse(error, request, call);
    }
  }

  #refuse(error: unknown, request: Request, call: Call): Response {
    if (error instanceof RpcError) return errorResponse(request.id, error);
    this.#onFault(error, request, call);
    return errorResponse(request.id, { code: ErrorCode.internalError, message: 'Internal error' });
  }

  /** What every 2026-07-28 result carries: its type, and who made it (2026-07-28 "Per-response protocol fields"). */
  complete(result: object): object {
    if (result instanceof PreparedResult) return result;
    const meta = (result as { _meta?: object })._meta;
    return { resultType: 'complete', ...result, _meta: { ...meta, [MetaKey.serverInfo]: this.#serverInfo } };
  }
}
