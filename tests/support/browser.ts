// A real browser without a window, with a profile of its own that goes when it is closed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { programPath } from './cluster/programs.js';

/** What tests with a browser need: its name, or where `CHROMIUM` says it is. */
export const BROWSER = process.env.CHROMIUM ?? 'chromium';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Browser {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page complained about. */
  readonly complaints: string[];
  /** Where the page asked for things. */
  readonly origins: Set<string>;
  close(): Promise<void>;
}

export async function openBrowser(
  options: { readonly width?: number; readonly dark?: boolean } = {},
): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'dualgauge-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: programPath(BROWSER),
    args: ARGUMENTS,
    viewport: { width: options.width ?? 1280, height: 900 },
    colorScheme: options.dark === true ? 'dark' : 'light',
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => origins.add(new URL(request.url()).origin));
  return {
    context,
    page,
    complaints,
    origins,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
