import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Asset, Page } from '../routes/root.js';
import type { Implementation } from '../protocol/mcp.js';
import { publicBaseUrl } from '../transports/public-url.js';

export interface PageFacts {
  readonly info: Implementation;
  /** Where clients reach the server, when the operator said so; else where the browser did. */
  readonly publicUrl: string | undefined;
  /** Whether clients have to be given a token by hand. */
  readonly asksForToken: boolean;
}

/** Beside this file, in the sources as in the build: what the browser gets is not compiled. */
const FOLDER = join(import.meta.dirname, 'page');

const TYPES = new Map([
  ['page.css', 'text/css; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
  ...[
    'page.js',
    'call-panel.js',
    'clients.js',
    'connect.js',
    'copy-button.js',
    'dom.js',
    'event-stream.js',
    'fields.js',
    'mcp-client.js',
    'operator.js',
    'schema-form.js',
    'session-table.js',
    'timeline-view.js',
  ].map((name) => [name, 'text/javascript; charset=utf-8'] as const),
]);

/** The page at `/`. Its files are read once, when somebody first looks at it. */
export function createPage({ info, publicUrl, asksForToken }: PageFacts): Page {
  const files = new Map<string, Promise<string>>();
  const read = (name: string): Promise<string> => {
    const known = files.get(name);
    if (known !== undefined) return known;
    const file = readFile(join(FOLDER, name), 'utf8');
    files.set(name, file);
    // What could not be read may be there the next time.
    file.catch(() => files.delete(name));
    return file;
  };
  return {
    async html(prefix) {
      const facts = new Map([
        ['name', info.title ?? info.name],
        ['id', info.name],
        ['version', info.version],
        ['description', info.description ?? ''],
        ['prefix', prefix],
        ['base', publicUrl === undefined ? '' : publicBaseUrl(publicUrl, prefix)],
        ['token', asksForToken ? 'yes' : 'no'],
      ]);
      const template = await read('index.html');
      return template.replace(/\{\{(\w+)\}\}/g, (_whole, name: string) => escapeHtml(facts.get(name) ?? ''));
    },
    async asset(name): Promise<Asset | undefined> {
      const type = TYPES.get(name);
      return type === undefined ? undefined : { type, body: await read(name) };
    },
  };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
