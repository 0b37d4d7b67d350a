import type { Server } from 'node:http';
import express, { type Express, Router } from 'express';
import { Changes } from '../protocol/changes.js';
import { Dispatcher, type Method } from '../protocol/dispatcher.js';
import { compact } from '../protocol/fit.js';
import { lifecycleMethods, type ServerFacts } from '../protocol/lifecycle.js';
import { type Implementation, type ServerCapabilities, TASKS_EXTENSION } from '../protocol/mcp.js';
import { subscriptionsListen } from '../protocol/subscriptions.js';
import { promptMethods } from '../prompts/methods.js';
import { PromptRegistry } from '../prompts/registry.js';
import { resourceMethods } from '../resources/methods.js';
import { ResourceRegistry } from '../resources/registry.js';
import { addHealthRoutes, type Health } from '../routes/health.js';
import { addLegacyRoutes } from '../routes/legacy-sse.js';
import { addMcpRoutes } from '../routes/mcp.js';
import { preflightAnywhere } from '../routes/preflight.js';
import { addRootRoute } from '../routes/root.js';
import { toolMethods } from '../tools/methods.js';
import { ToolRegistry } from '../tools/registry.js';
import { Calls } from '../transports/calls.js';
import type { Host } from '../transports/host.js';
import { LegacySse } from '../transports/legacy-sse.js';
import type { Observer } from '../transports/observer.js';
import { Sessions } from '../transports/sessions.js';
import { StreamableHttp } from '../transports/streamable-http.js';
import { Streams } from '../transports/streams.js';
import { handshakeTaskMethods } from '../transports/handshake-task-methods.js';
import { taskMethods } from '../transports/task-methods.js';
import { Tasks } from '../transports/tasks.js';
import { Access } from './access.js';
import { Arrivals } from './arrivals.js';
import { type Backplane, createBackplane } from './backplane.js';
import { completionMethod } from './completion.js';
import { errorHandler, notFound } from './error-handler.js';
import { createGuard } from './guard.js';
import { Gatekeeper } from './gatekeeper.js';
import { createHttpServer } from './http-server.js';
import { isLoopback } from './hosts.js';
import { createLog } from './log.js';
import { Observation } from './observation.js';
import { type McpAppOptions, type ServerSettings, settingsOf } from './options.js';
import { createPage } from './page.js';
import { createSeal } from './seal.js';
import { closeServer, delivered } from './shutdown.js';

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, without a path. */
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** Takes no new work, lets calls finish within the drain time, ends every stream, and resolves. */
  close(): Promise<void>;
}

/** An MCP server: both doors, served from one set of registries. */
export interface McpApp {
  /** An Express app of its own. */
  readonly app: Express;
  readonly tools: ToolRegistry;
  readonly resources: ResourceRegistry;
  readonly prompts: PromptRegistry;
  readonly sessions: Sessions;
  readonly streams: Streams;
  readonly calls: Calls;
  /** All routes, to be mounted into an app of yours: `yourApp.use('/somewhere', mcp.router())`. */
  router(): Router;
  /** Connects to what is shared with other instances. `listen` does it by itself. @throws Error when it is not there */
  start(): Promise<void>;
  /** Listens; without a port on one that is free. @throws Error when the address cannot be had */
  listen(address?: { readonly host?: string; readonly port?: number }): Promise<RunningServer>;
  /** Ends sessions, streams and calls. For apps that `listen` did not start. */
  close(): Promise<void>;
}

/** Makes a server of tools, resources and prompts. Throws when one of them is not valid. */
export function createMcpApp(options: McpAppOptions): McpApp {
  return new Composition(options);
}

const CAPABILITIES: ServerCapabilities = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  logging: {},
  completions: {},
};

const CAPABILITIES_WITH_TASKS: ServerCapabilities = {
  ...CAPABILITIES,
  tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } },
  extensions: { [TASKS_EXTENSION]: {} },
};

class Composition implements McpApp {
  readonly app: Express;
  readonly tools: ToolRegistry;
  readonly resources: ResourceRegistry;
  readonly prompts: PromptRegistry;
  readonly sessions: Sessions;
  readonly streams: Streams;
  readonly calls: Calls;
  readonly #options: McpAppOptions;
  readonly #settings: ServerSettings;
  readonly #info: Implementation;
  readonly #changes = new Changes();
  readonly #tasks: Tasks;
  readonly #host: Host;
  readonly #observation: Observation;
  readonly #observer: Observer;
  readonly #backplane: Backplane;
  readonly #access: Access;
  readonly #gate: Gatekeeper;
  readonly #startedAt = Date.now();
  #isLoopbackBind = false;
  #ownUrl: string | undefined;
  #isDraining = false;

  constructor(options: McpAppOptions) {
    this.#options = options;
    const settings = settingsOf(options);
    this.#settings = settings;
    const { name, version, title, description, websiteUrl, icons } = options;
    this.#info = compact({ name, version, title, description, websiteUrl, icons });
    const log = options.log ?? createLog({ level: 'info' });
    this.#observation = new Observation({
      log,
      version,
      settings,
      host: () => this.#host,
      knowsTool: (tool) => this.tools.get(tool) !== undefined,
      knowsPrompt: (prompt) => this.prompts.get(prompt) !== undefined,
      others: () => this.#backplane.others,
    });
    this.#observer = this.#observation.watch;
    this.#access = new Access({
      settings,
      authenticate: options.authenticate,
      title: options.title ?? name,
      ownUrl: () => this.#ownUrl,
      scopesInUse: () => this.#gate.scopesInUse(),
      onFault: (error, where) => this.#observer.fault?.(error, where),
    });
    const registry = { changes: this.#changes, serverInfo: this.#info, pageSize: settings.pageSize };
    this.tools = new ToolRegistry(
      { ...registry, advertisesSecurity: this.#access.isOn, hidesForbidden: settings.hideForbiddenTools },
      options.tools,
    );
    this.resources = new ResourceRegistry(registry, options.resources, options.resourceTemplates);
    this.prompts = new PromptRegistry(registry, options.prompts);
    this.#backplane = createBackplane({
      settings,
      changes: this.#changes,
      onFault: (error, where) => this.#observer.fault?.(error, where),
      onAnswered: (operation, ms, isOk) => this.#observer.storeAnswered?.(operation, ms, isOk),
    });
    this.sessions = new Sessions({ ...this.#backplane, settings, changes: this.#changes, observer: this.#observer });
    this.streams = new Streams(settings);
    this.calls = new Calls({ streamAfterMs: settings.streamAfterMs, heartbeatMs: settings.keepAliveMs });
    this.#tasks = new Tasks({
      changes: this.#changes,
      maxTasks: settings.maxTasks,
      ttlMs: settings.taskTtlMs,
      board: this.#backplane.tasks,
    });
    this.#gate = new Gatekeeper({
      tools: this.tools,
      resources: this.resources,
      prompts: this.prompts,
      settings,
      limiters: this.#backplane.limiters,
      onHint: (hint) => log.warn(hint),
    });
    this.#host = {
      dispatcher: this.#createDispatcher(),
      sessions: this.sessions,
      log: this.#backplane.log,
      calls: this.calls,
      streams: this.streams,
      tasks: this.#tasks,
      seal: createSeal(settings.stateSecret),
      mirrors: (tool) => this.tools.mirrors(tool),
      settings,
      observer: this.#observer,
      gate: this.#gate,
      onNotification: () => undefined,
      isDraining: () => this.#isDraining,
    };
    this.app = this.#createApp();
  }

  router(): Router {
    const router = Router();
    // The app around it says what it is made with, unless it was told not to.
    router.use((_req, res, next) => {
      res.removeHeader('X-Powered-By');
      next();
    });
    this.#addRoutes(router);
    return router;
  }

  #addRoutes(router: Router): void {
    this.#openRouter(router);
    this.#access.addTo(router);
    const legacy = new LegacySse(this.#host);
    const modern = new StreamableHttp(this.#host, legacy);
    addMcpRoutes(router, modern);
    addLegacyRoutes(router, legacy, modern);
    addHealthRoutes(
      router,
      () => this.#health(),
      () => !this.#isDraining && this.#backplane.isReady(),
    );
    this.#observation.addRoutes(router);
    const { publicUrl, authTokens } = this.#settings;
    const page = createPage({ info: this.#info, publicUrl, asksForToken: authTokens.length > 0 });
    addRootRoute(router, { name: this.#info.name, version: this.#info.version }, page);
    this.#closeRouter(router);
  }

  start(): Promise<void> {
    return this.#backplane.start();
  }

  async listen({ host = '127.0.0.1', port = 0 } = {}): Promise<RunningServer> {
    await this.start();
    this.#isLoopbackBind = isLoopback(host);
    const server = createHttpServer(this.app, this.#settings, (refused) =>
      this.#observation.watch.connectionRefused(refused),
    );
    const arrivals = new Arrivals(server);
    if (!this.#isLoopbackBind) this.#gate.goPublic();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    const address = server.address();
    const actual = typeof address === 'object' && address !== null ? address.port : port;
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
    if (this.#isLoopbackBind) this.#ownUrl = url;
    return {
      url,
      port: actual,
      server,
      close: () => this.#stop(server, arrivals),
    };
  }

  async close(): Promise<void> {
    await this.#finish();
    await this.#backplane.stop();
  }

  // Listens to the end: calls in flight may need an answer of their client, which comes on a connection of its own. And
  // knows all that others know to the end: what comes may be theirs.
  async #stop(server: Server, arrivals: Arrivals): Promise<void> {
    const until = performance.now() + this.#settings.drainMs;
    arrivals.sendAway();
    await this.#finish();
    await closeServer(server, arrivals, { hasOthers: await this.#backplane.hasOthers(), until });
    await this.#backplane.stop();
  }

  async #finish(): Promise<void> {
    this.#isDraining = true;
    this.sessions.drain();
    await this.#drain();
    await delivered(this.streams, this.#backplane.log);
    this.sessions.closeAll('shutdown');
    this.streams.end('shutdown');
    this.calls.stop();
  }

  // Long-lived calls such as subscriptions wait for nothing but the end, so they are told of it at once.
  async #drain(): Promise<void> {
    for (const call of [...this.calls]) if (call.request.method === 'subscriptions/listen') call.dismiss('shutdown');
    const timer = setTimeout(() => this.calls.abortAll('shutdown'), this.#settings.drainMs);
    await this.calls.idle();
    clearTimeout(timer);
  }

  #createApp(): Express {
    const app = express();
    app.disable('x-powered-by');
    app.disable('etag');
    app.set('query parser', false);
    const { basePath } = this.#settings;
    // Straight into the app where that is all there is: a router inside a router costs each request another round.
    if (basePath === '') this.#addRoutes(app);
    else app.use(basePath, this.router()).use(this.#createRoot());
    return app;
  }

  // What lies outside the prefix is answered in the same words.
  #createRoot(): Router {
    const router = Router();
    this.#openRouter(router);
    this.#access.addToRoot(router);
    this.#closeRouter(router);
    return router;
  }

  #openRouter(router: Router): void {
    const { allowedOrigins, allowedHosts, trustProxy, publicUrl } = this.#settings;
    const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()));
    if (publicUrl !== undefined) origins.add(new URL(publicUrl).origin);
    const hosts = allowedHosts === undefined ? undefined : new Set(allowedHosts.map((host) => host.toLowerCase()));
    const { watch } = this.#observation;
    const guard = createGuard({
      allowedOrigins: origins,
      allowedHosts: () => hosts ?? (this.#isLoopbackBind ? 'loopback' : undefined),
      trustProxy,
    });
    router.use(function enter(req, res, next) {
      watch.begin(res);
      guard(req, res);
      next();
    });
  }

  #closeRouter(router: Router): void {
    router.use(preflightAnywhere());
    router.use(notFound());
    router.use(this.#observation.watch.refusals());
    router.use(errorHandler((error, where) => this.#observer.fault?.(error, where)));
  }

  #createDispatcher(): Dispatcher {
    const observation = this.#observation;
    const server: ServerFacts = {
      info: this.#info,
      instructions: this.#options.instructions,
      capabilities: () => this.#capabilities(),
    };
    const methods: Method[] = [
      ...lifecycleMethods(server),
      ...toolMethods({
        registry: this.tools,
        timeoutMs: this.#settings.toolTimeoutMs,
        maxMs: this.#settings.toolMaxMs,
        onFault: (error, tool, call) => observation.callFailed(error, `tool ${tool}`, call),
      }),
      ...resourceMethods({ registry: this.resources }),
      ...promptMethods({ registry: this.prompts }),
      completionMethod({ prompts: this.prompts, resources: this.resources }),
      ...taskMethods(this.#tasks),
      ...handshakeTaskMethods(this.#tasks),
      subscriptionsListen({
        changes: this.#changes,
        capabilities: () => this.#capabilities(),
        visibleResources: (uris, call) => this.resources.visible(uris, call.principal),
        visibleTasks: (ids, call) => this.#tasks.visible(ids, call),
      }),
    ];
    return new Dispatcher({
      methods: methods.map((method) => observation.tracing.within(method)),
      serverInfo: this.#info,
      onFault: (error, request, call) => observation.callFailed(error, request.method, call),
    });
  }

  #capabilities(): ServerCapabilities {
    return this.tools.hasTasks ? CAPABILITIES_WITH_TASKS : CAPABILITIES;
  }

  #health(): Health {
    return {
      status: this.#isDraining ? 'draining' : 'ok',
      name: this.#info.name,
      version: this.#info.version,
      uptimeSeconds: Math.floor((Date.now() - this.#startedAt) / 1000),
      sessions: this.sessions.size,
      streams: this.streams.size,
      calls: this.calls.size,
    };
  }
}
