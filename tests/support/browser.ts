// A real browser without a window, with a profile of its own that goes when it is closed.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const PROGRAM = process.env.CHROMIUM ?? '/usr/bin/chromium';

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

/** @throws Error that says how to get one where there is none */
export async function openBrowser(
  options: { readonly width?: number; readonly dark?: boolean } = {},
): Promise<Browser> {
  if (!existsSync(PROGRAM)) {
    throw new Error(
      `There is no browser at ${PROGRAM}: install one (apt-get install chromium), or set CHROMIUM to where it is`,
    );
  }
  const profile = mkdtempSync(join(tmpdir(), 'dualgauge-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: PROGRAM,
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
