// Which paths an Express app knows, read from its routers themselves: what is added tomorrow is in the list tomorrow.
import type { Express } from 'express';

interface Layer {
  readonly handle: { readonly stack?: readonly Layer[] };
  readonly route?: { readonly path: string };
}

/** Every path, with something in the place of its parameters. */
export function pathsOf(app: Express): string[] {
  const { stack } = app.router as unknown as { stack: readonly Layer[] };
  return [...new Set(walk(stack).map((path) => path.replace(/:[a-z]+/gi, 'x')))];
}

function walk(layers: readonly Layer[]): string[] {
  return layers.flatMap(({ handle, route }) => (route === undefined ? walk(handle.stack ?? []) : [route.path]));
}

/** Every verb Node's parser knows that a client might send. */
export const VERBS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'] as const;
