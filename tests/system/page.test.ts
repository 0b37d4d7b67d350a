// The page, in a real browser: what somebody sees who opens it, and what an operator sees happen.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { z } from 'zod';
import { Diagnosis } from '../../server/diagnosis.js';
import { defineTool } from '../../tools/define-tool.js';
import { shortenSessionId } from '../../transports/session-id.js';
import { BROWSER, type Browser, openBrowser } from '../support/browser.js';
import { describeWith } from '../support/cluster/programs.js';
import { createMcpApp } from '../../server/app.js';
import { logLines } from '../support/log-lines.js';
import { call, rpc } from '../support/http-call.js';
import { openLegacy } from '../support/legacy-pair.js';
import { startServer, type TestServer } from '../support/server.js';
import { waitingTool } from '../support/waiting-tool.js';

const MARKUP = '<img src=x onerror="document.title=1"><b>bold</b>';

const everyKind = defineTool({
  name: 'every_kind',
  description: `Takes every kind of thing. ${MARKUP}`,
  input: z.object({
    text: z.string().max(100),
    choice: z.enum(['one', 'two']).default('two'),
    whole: z.number().int().optional(),
    flag: z.boolean().default(false),
    list: z.array(z.number()).optional(),
    inner: z.object({ deep: z.string().optional() }).optional(),
  }),
  output: z.object({ got: z.unknown() }),
  run: (args) => ({ got: args }),
});

const perhaps = defineTool({
  name: 'perhaps',
  description: 'Takes what may be left out, and what may be null.',
  input: z.object({
    within: z
      .object({ q: z.number(), word: z.string(), sure: z.boolean(), deep: z.object({ x: z.number() }).optional() })
      .optional(),
    flag: z.boolean().optional(),
    fixed: z.literal('only'),
    sometimes: z.literal('now').optional(),
    either: z.union([z.literal(1), z.literal(2)]).optional(),
    amount: z.number().nullable(),
    level: z.enum(['low', 'high']).nullable(),
    limits: z.object({ most: z.number() }).nullable(),
    nothing: z.number().nullable().default(null),
    loose: z.union([z.string(), z.number()]).nullable().optional(),
  }),
  output: z.object({ got: z.unknown() }),
  run: (args) => ({ got: args }),
});

const markup = defineTool({ name: 'markup', description: 'Answers markup.', run: () => MARKUP });

describeWith([BROWSER], 'the page', () => {
  let browser: Browser;
  let server: TestServer;
  const wait = waitingTool();

  beforeAll(async () => {
    browser = await openBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser.close();
  });

  beforeEach(async () => {
    server = await startServer({ tools: [everyKind, perhaps, markup, wait.tool], title: MARKUP, stallMs: 60_000 });
    browser.complaints.length = 0;
    browser.origins.clear();
    await browser.page.goto(`${server.url}/`);
    await browser.page.waitForSelector('#tools button');
  }, 40_000);

  afterEach(async () => {
    await browser.page.goto('about:blank');
    await server.close();
  });

  async function choose(tool: string): Promise<void> {
    await browser.page.click(`[data-tool="${tool}"]`);
  }

  async function enter(door: 'mcp' | 'legacy'): Promise<void> {
    await browser.page.check(`input[name="door"][value="${door}"]`);
    const name = door === 'mcp' ? 'modern' : 'legacy';
    await browser.page.waitForSelector(`#connection:text("Connected over the ${name} door")`);
  }

  it('opens without a complaint, and asks nobody but its own server', async () => {
    const { page, complaints, origins } = browser;
    await page.waitForSelector('#live.on');
    await page.waitForSelector('#health.on');
    await page.waitForSelector('#sessions tr[data-session]');
    expect(complaints).toEqual([]);
    expect([...origins]).toEqual([server.url]);
  });

  it('copies the address of each door, and what to paste into each client', async () => {
    const { page, context } = browser;
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.url });
    const clipboard = (): Promise<unknown> => inPage(page, 'navigator.clipboard.readText()');
    const copied = page.waitForSelector('.copy.done:text-is("Copied")');
    await page.click('button[aria-label="Copy the address of the modern door"]');
    await copied;
    expect(await clipboard()).toBe(`${server.url}/mcp`);
    const copiedToo = page.waitForSelector('.addresses div:nth-child(2) .copy.done');
    await page.click('button[aria-label="Copy the address of the legacy door"]');
    await copiedToo;
    expect(await clipboard()).toBe(`${server.url}/sse`);
    for (const name of ['Claude', 'Cursor', 'VS Code', 'OpenAI API', 'ChatGPT', 'curl', 'Older clients']) {
      await page.click(`role=tab[name="${name}"]`);
      const text = await page.textContent('#client-panel pre');
      expect(text).toContain(name === 'Older clients' ? `${server.url}/sse` : `${server.url}/mcp`);
    }
  });

  it('says the same as the README', async () => {
    const { page } = browser;
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
      .replaceAll('https://your.host', server.url)
      .replaceAll('http://127.0.0.1:8080', server.url);
    for (const name of ['Claude', 'Cursor', 'VS Code', 'OpenAI API', 'Older clients']) {
      await page.click(`role=tab[name="${name}"]`);
      const text = (await page.locator('#client-panel pre').allTextContents()).find((one) => /^[{c]/.test(one)) ?? '';
      expect(readme).toContain(text.startsWith('{') ? JSON.stringify(JSON.parse(text)) : text);
    }
    await page.click('role=tab[name="OpenAI API"]');
    await page.waitForSelector('#client-panel:has-text("MCP_SESSIONS=lenient")');
  });

  it.each(['mcp', 'legacy'] as const)('calls countdown over the %s door, and shows how far it is', async (door) => {
    const { page, complaints } = browser;
    await enter(door);
    await choose('countdown');
    await page.fill('[name="from"]', '3');
    await page.fill('[name="intervalMs"]', '100');
    await inPage(page, WATCH_BAR);
    await page.click('button.primary');
    await page.waitForSelector('.status[data-state="done"]');
    expect(await inPage(page, 'barSteps')).toEqual(['1 of 3', '2 of 3', '3 of 3']);
    const steps = await page.locator('.log li.progress').allTextContents();
    expect(steps.map((step) => /\d of 3: \d to go/.exec(step)?.[0])).toEqual([
      '1 of 3: 2 to go',
      '2 of 3: 1 to go',
      '3 of 3: 0 to go',
    ]);
    expect(await page.textContent('.result pre')).toBe('Counted down from 3 in steps of 100 ms.');
    expect(complaints).toEqual([]);
  });

  it.each(['mcp', 'legacy'] as const)('cancels a call over the %s door', async (door) => {
    const { page } = browser;
    const calls = wait.signals.length;
    await enter(door);
    await choose('wait');
    await page.click('button.primary');
    await wait.started(calls + 1);
    await page.click('button:text-is("Cancel")');
    await wait.aborted(calls + 1);
    await page.waitForSelector('.status[data-state="failed"]:text("Cancelled")');
  });

  it('makes a form of any schema, and sends what was filled in', async () => {
    const { page } = browser;
    await choose('every_kind');
    await page.fill('[name="text"]', 'hello');
    await page.fill('[name="list"]', '[1, 2]');
    await page.check('[name="flag"]');
    await page.click('button.primary');
    await page.waitForSelector('.status[data-state="done"]');
    expect(JSON.parse((await page.textContent('.result pre')) ?? '')).toEqual({
      got: { text: 'hello', choice: 'two', flag: true, list: [1, 2] },
    });
  });

  describe('a form for what may be left out or be null', () => {
    async function answer(): Promise<unknown> {
      const { page } = browser;
      await page.click('button.primary');
      await page.waitForSelector('.status[data-state="done"]');
      return JSON.parse((await page.textContent('.result pre')) ?? '').got;
    }

    it('leaves out what nobody touched', async () => {
      const { page } = browser;
      await choose('perhaps');
      await page.fill('[name="amount"]', '0');
      await page.fill('[name="most"]', '7');
      expect(await answer()).toEqual({ fixed: 'only', amount: 0, level: 'low', limits: { most: 7 }, nothing: null });
    });

    it('sends null where that is chosen, and no longer once a value is', async () => {
      const { page } = browser;
      await choose('perhaps');
      for (const name of ['amount', 'level', 'limits']) await page.getByLabel(`No ${name} (null)`).check();
      expect(await answer()).toEqual({ fixed: 'only', amount: null, level: null, limits: null, nothing: null });
      await page.fill('[name="amount"]', '3');
      await page.selectOption('[name="level"]', 'high');
      await page.fill('[name="most"]', '4');
      await page.fill('[name="nothing"]', '5');
      await page.fill('[name="loose"]', 'null');
      expect(await answer()).toEqual({
        fixed: 'only',
        amount: 3,
        level: 'high',
        limits: { most: 4 },
        nothing: 5,
        loose: null,
      });
    });

    it('asks for the parts of an object once one of them is filled in, until it is left out again', async () => {
      const { page } = browser;
      await choose('perhaps');
      for (const name of ['amount', 'limits']) await page.getByLabel(`No ${name} (null)`).check();
      await page.fill('[name="x"]', '1');
      await page.click('button.primary');
      await page.waitForSelector('.status[data-state="failed"]:text-is("q is required")');
      await page.waitForSelector('[name="q"]:focus');
      await page.fill('[name="q"]', '2');
      const within = { q: 2, word: '', sure: false };
      expect(await answer()).toMatchObject({ within: { ...within, deep: { x: 1 } } });
      await page.getByLabel('Include deep').uncheck();
      expect(await answer()).toMatchObject({ within });
      await page.getByLabel('Include within').uncheck();
      expect(await answer()).not.toHaveProperty('within');
    });

    it('offers what is fixed, and three answers to a question that may be left open', async () => {
      const { page } = browser;
      await choose('perhaps');
      for (const name of ['amount', 'limits']) await page.getByLabel(`No ${name} (null)`).check();
      await page.selectOption('[name="flag"]', 'false');
      await page.selectOption('[name="sometimes"]', 'now');
      await page.selectOption('[name="either"]', '2');
      expect(await answer()).toMatchObject({ flag: false, fixed: 'only', sometimes: 'now', either: 2 });
      await page.selectOption('[name="flag"]', 'true');
      await page.selectOption('[name="sometimes"]', '—');
      const second = await answer();
      expect(second).toMatchObject({ flag: true });
      expect(second).not.toHaveProperty('sometimes');
    });
  });

  it('says what is wrong with what was filled in, and takes one there', async () => {
    const { page } = browser;
    await choose('every_kind');
    await page.fill('[name="list"]', '[1, 2');
    await page.click('button.primary');
    await page.waitForSelector('.status[data-state="failed"]:text("list is not valid JSON")');
    expect(await inPage(page, 'document.activeElement.name')).toBe('list');
  });

  it('says aloud that a call began and how it ended, not every step of it', async () => {
    const { page } = browser;
    await choose('countdown');
    await page.fill('[name="from"]', '20');
    await page.fill('[name="intervalMs"]', '1');
    await inPage(page, WATCH_ALOUD);
    await page.click('button.primary');
    await page.waitForSelector('.status[data-state="done"]');
    expect(await inPage(page, 'saidAloud')).toEqual([
      'Calling over the modern door…',
      expect.stringMatching(/^Answered in .* over the modern door$/),
    ]);
  });

  it('says which field is wrong to those who do not see it', async () => {
    const { page } = browser;
    await choose('every_kind');
    await page.fill('[name="list"]', '[1');
    await page.click('button.primary');
    await page.waitForSelector('[name="list"][aria-invalid="true"]:focus');
    await page.fill('[name="list"]', '[1]');
    await page.click('button.primary');
    await page.waitForSelector('.status[data-state="done"]');
    expect(await page.locator('[aria-invalid]').count()).toBe(0);
  });

  it.each(['light', 'dark'] as const)(
    'breaks no rule of accessibility that a program can tell: %s',
    async (colorScheme) => {
      const { page } = browser;
      await page.emulateMedia({ colorScheme });
      await page.waitForSelector('#live.on');
      await call(`${server.url}/mcp`, { body: rpc('ping'), headers: { 'Mcp-Session-Id': 'nobody' } });
      await page.waitForSelector('#timeline li.bad');
      for (const tool of ['every_kind', 'perhaps', 'markup', 'wait']) {
        const calls = wait.signals.length;
        await choose(tool);
        await page.click('.schemas summary');
        if (tool === 'perhaps') for (const name of ['amount', 'most']) await page.fill(`[name="${name}"]`, '1');
        await page.click('button.primary');
        if (tool === 'wait') await wait.started(calls + 1);
        else await page.waitForSelector('.status[data-state="done"]');
        expect(await violations(page)).toEqual([]);
      }
      await page.click('button:text-is("Cancel")');
      await page.waitForSelector('.status[data-state="failed"]');
      expect(await violations(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'light' });
    },
  );

  it('shows what others wrote as text, never as markup', async () => {
    const { page, complaints } = browser;
    await choose('markup');
    await page.click('button.primary');
    await page.waitForSelector('.status[data-state="done"]');
    expect(await page.textContent('.result pre')).toBe(MARKUP);
    await call(`${server.url}/mcp`, { body: rpc(MARKUP) });
    const clientInfo = { name: MARKUP, version: MARKUP };
    await call(`${server.url}/mcp`, { body: rpc('initialize', { clientInfo, capabilities: {} }) });
    await page.waitForSelector(`#timeline b:text-is(${JSON.stringify(MARKUP)})`);
    await page.waitForSelector(`#sessions td:has-text(${JSON.stringify(MARKUP)})`);
    expect(await page.textContent('h1')).toBe(MARKUP);
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.title()).not.toBe('1');
    expect(complaints).toEqual([]);
  });

  it('shows a session appear and work, and its stream die, and why', async () => {
    const { page } = browser;
    await page.waitForSelector('#live.on');
    const pair = await openLegacy(server.url);
    const id = shortenSessionId(pair.id);
    await page.waitForSelector(`#sessions tr[data-session="${id}"]`);
    await pair.send(rpc('tools/call', { name: 'wait' }));
    await page.waitForSelector(`#sessions tr.busy[data-session="${id}"] td:text-is("wait")`);
    await page.waitForSelector(`#timeline li[data-session="${id}"]:has-text("wait began")`);
    pair.close();
    const line = page.locator(`#timeline li.bad[data-session="${id}"]`, { hasText: 'GET /sse' });
    await line.waitFor();
    expect(await line.textContent()).toContain(Diagnosis.cut);
    expect(await line.textContent()).toMatch(/the client closed it|the connection broke/);
    await page.waitForSelector(`#sessions tr[data-session="${id}"] td:text-is("lost")`);
  });

  it('shows one session alone, or the problems alone', async () => {
    const { page } = browser;
    await page.waitForSelector('#live.on');
    const pair = await openLegacy(server.url);
    const id = shortenSessionId(pair.id);
    await pair.send(rpc('tools/list'));
    await call(`${server.url}/mcp`, { body: rpc('ping'), headers: { 'Mcp-Session-Id': 'nobody' } });
    await page.waitForSelector('#timeline li.bad');
    await page.check('#only-problems');
    expect(await page.locator('#timeline li:visible').count()).toBe(1);
    await page.uncheck('#only-problems');
    await page.click(`#sessions button:text-is("${id}")`);
    await page.waitForSelector(`#timeline-title:text-is("Timeline of ${id}")`);
    await page.waitForSelector(`#timeline:not(:has(li:not([hidden]):not([data-session="${id}"])))`, {
      state: 'attached',
    });
    await page.click('#show-all');
    await page.waitForSelector('#timeline li.bad:visible');
    pair.close();
  });

  it('shows the session that was chosen last, however late another is answered', async () => {
    const { page } = browser;
    await page.waitForSelector('#live.on');
    const pairs = [await openLegacy(server.url), await openLegacy(server.url)];
    for (const pair of pairs) await pair.send(rpc('tools/list'));
    const [slow = '', quick = ''] = pairs.map(({ id }) => shortenSessionId(id));
    for (const id of [slow, quick]) await page.waitForSelector(`#timeline li[data-session="${id}"]`);
    let answer = (): void => undefined;
    const late = new Promise<void>((resolve) => (answer = resolve));
    await page.route(`**/debug/sessions/${slow}`, async (route) => {
      await late;
      await route.continue();
    });
    const shown = `#timeline li[data-session="${quick}"]`;
    const second = page.waitForResponse((response) => response.url().endsWith(quick));
    await page.click(`#sessions button:text-is("${slow}")`);
    await page.click(`#sessions button:text-is("${quick}")`);
    await second;
    const first = page.waitForResponse((response) => response.url().endsWith(slow));
    answer();
    await first;
    await inPage(page, 'new Promise((resolve) => setTimeout(resolve, 100))');
    expect(await page.locator(shown).locator('visible=true').count()).toBeGreaterThan(0);
    await page.unroute(`**/debug/sessions/${slow}`);
    for (const pair of pairs) pair.close();
  });

  it('stays paused when it connects again', async () => {
    const { page } = browser;
    await page.waitForSelector('#live.on');
    await page.click('#pause');
    await page.waitForSelector('#live-text:text-is("Paused")');
    const { port } = server;
    await server.close();
    await page.waitForSelector('#live-text:text-is("Connecting again…")');
    const again = createMcpApp({ name: 'again', version: '1', log: logLines().log });
    const running = await again.listen({ port });
    server = { ...server, close: () => running.close() };
    const watched = page.waitForResponse((response) => response.url().endsWith('/debug/events'), { timeout: 20_000 });
    await watched;
    await page.waitForSelector('#live-text:text-is("Paused")');
    await call(`${server.url}/mcp`, { body: rpc('a_new_method') });
    await page.click('#pause');
    await page.waitForSelector('#live.on');
    await page.waitForSelector('#timeline li:has-text("a_new_method")');
  }, 60_000);

  it('can be used with the keyboard alone', async () => {
    const { page } = browser;
    await page.keyboard.press('Tab');
    expect(await inPage(page, 'document.activeElement.textContent')).toBe('Skip to the content');
    await page.focus('#tab-claude');
    await page.keyboard.press('ArrowRight');
    expect(await inPage(page, 'document.activeElement.id')).toBe('tab-cursor');
    expect(await page.getAttribute('#tab-cursor', 'aria-selected')).toBe('true');
    await page.keyboard.press('End');
    expect(await inPage(page, 'document.activeElement.id')).toBe('tab-older');
    await page.focus('[data-tool="echo"]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#tool-title:text-is("Echo")');
    const unnamed = await inPage(
      page,
      `[...document.querySelectorAll('input, select, textarea')]
        .filter((control) => control.labels.length === 0 && !control.hasAttribute('aria-label'))
        .map((control) => control.outerHTML)`,
    );
    expect(unnamed).toEqual([]);
  });

  it('keeps the focus where it was during a call and after it', async () => {
    const { page } = browser;
    const calls = wait.signals.length;
    await choose('wait');
    await page.focus('button.primary');
    await page.keyboard.press('Enter');
    await wait.started(calls + 1);
    await page.waitForSelector('button.primary[aria-disabled="true"]:focus');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.waitForSelector('button:text-is("Cancel"):focus');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.status[data-state="failed"]:text("Cancelled")');
    await page.waitForSelector('button.primary:not([aria-disabled]):focus');
    expect(wait.signals.length).toBe(calls + 1);
    await choose('echo');
    await page.focus('#tool-panel textarea, #tool-panel input');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.status[data-state="done"]');
    await page.waitForSelector('button.primary:not([aria-disabled]):focus');
  });

  it('keeps the focus where it was when what had it goes', async () => {
    const { page } = browser;
    await page.waitForSelector('#sessions button');
    await page.click('#sessions button');
    await page.click('#show-all');
    await page.waitForSelector('#timeline:focus');
    await page.focus('[data-tool="markup"]');
    server.mcp.tools.remove('echo');
    await page.waitForSelector('#tools:not(:has([data-tool="echo"]))');
    await page.waitForSelector('[data-tool="markup"]:focus');
  });

  it('copies where there is no clipboard, and leaves the focus where it was', async () => {
    const { page } = browser;
    await inPage(page, NO_CLIPBOARD);
    await page.focus('#client-panel .copy');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#client-panel .copy.done:focus');
    expect(await inPage(page, 'copied')).toEqual([await page.textContent('#client-panel pre')]);
  });

  it('says aloud what was copied, and that something could not be', async () => {
    const { page } = browser;
    await inPage(page, NO_CLIPBOARD);
    await page.click('#addresses .copy');
    await page.waitForSelector('[role="status"]:text-is("Copied the address of the modern door")', {
      state: 'attached',
    });
    await page.waitForSelector('#addresses .copy:text-is("Copy")');
    await page.waitForSelector('#said:empty', { state: 'attached' });
    await inPage(page, 'document.execCommand = () => false');
    await page.click('#addresses .copy');
    await page.waitForSelector('#addresses .copy.failed:not(.done):text-is("Not copied")');
    await page.waitForSelector('[role="status"]:text-is("Could not copy the address of the modern door")', {
      state: 'attached',
    });
    expect(await violations(page)).toEqual([]);
  });

  it('goes on after the server was gone for a moment', async () => {
    const { page } = browser;
    await page.waitForSelector('#live.on');
    const { port } = server;
    await server.close();
    await page.waitForSelector('#live:not(.on)');
    await page.waitForSelector('#connection[data-state="bad"]');
    const again = createMcpApp({ name: 'again', version: '1', log: logLines().log });
    const running = await again.listen({ port });
    server = { ...server, close: () => running.close() };
    await page.waitForSelector('#live.on', { timeout: 20_000 });
    await page.click('#connection button');
    await page.waitForSelector('input[name="door"]:checked:focus');
    await page.waitForSelector('#connection[data-state="good"]');
  }, 60_000);
});

describeWith([BROWSER], 'the page, seen from elsewhere', () => {
  let browser: Browser;

  afterEach(async () => {
    await browser.close();
  });

  it('runs at an address that is not allowed, and says what to set', async () => {
    const server = await startServer({ allowedOrigins: ['https://elsewhere.example'] });
    browser = await openBrowser();
    const { page } = browser;
    await page.goto(`${server.url}/`);
    await page.waitForSelector('#connection[data-state="bad"]:text("set ALLOWED_ORIGINS")');
    await page.waitForSelector(`#tool-panel:has-text("opened at ${server.url}"):has-text("PUBLIC_URL")`);
    await page.waitForSelector('#health.on');
    expect(await page.locator('#unstarted').count()).toBe(0);
    await page.check('input[name="door"][value="legacy"]');
    await page.waitForSelector('#connection[data-state="bad"]:text("set ALLOWED_ORIGINS")');
    await page.waitForSelector('#sessions td:text-is("lost")');
    await page.goto('about:blank');
    await server.close();
  }, 60_000);

  it('explains itself when its scripts do not come', async () => {
    const server = await startServer();
    browser = await openBrowser();
    const { page } = browser;
    await page.route('**/page/dom.js', (route) => route.fulfill({ status: 403 }));
    await page.goto(`${server.url}/`);
    await page.waitForSelector('#unstarted:visible:has-text("PUBLIC_URL")');
    expect(await violations(page)).toEqual([]);
    await page.goto('about:blank');
    await server.close();
  }, 60_000);

  it('tells each client how to send its token, where there is one to send', async () => {
    const token = 'a-token-that-is-long-enough-0123456789';
    const server = await startServer({ authTokens: [{ name: 'ada', token }] });
    browser = await openBrowser();
    const { page } = browser;
    await page.goto(`${server.url}/`);
    await page.waitForSelector('#token-title:text-is("This server asks for an access token")');
    await page.waitForSelector('#tool-panel:has-text("Enter an access token above")');
    for (const name of ['Claude', 'Cursor', 'VS Code', 'OpenAI API', 'curl', 'Older clients']) {
      await page.click(`role=tab[name="${name}"]`);
      expect((await page.locator('#client-panel pre').allTextContents()).join('\n')).toContain('YOUR_TOKEN');
    }
    await page.fill('#access-token', 'not-that-one');
    await page.click('#token-form button');
    await page.waitForSelector('#token-title:text-is("The server does not know this access token")');
    await page.fill('#access-token', token);
    await page.click('#token-form button');
    await page.waitForSelector('#connection[data-state="good"]');
    await page.goto('about:blank');
    await server.close();
  }, 60_000);

  it.each([390, 640, 1280])(
    'fits %s pixels, whatever things are called',
    async (width) => {
      const long = 'a_name_that_goes_on_without_a_break_'.repeat(4).slice(0, 128);
      const verbose = defineTool({
        name: long,
        title: 'A title that goes on '.repeat(20),
        description: `First.\n\n${'x'.repeat(400)}`,
        input: z.object({ [long]: z.string().describe(long), choice: z.enum([long, 'b']).describe(long) }),
        run: () => long,
      });
      const reversing = defineTool({ name: 'reversing', title: '\u202elive', description: 'x', run: () => 'x' });
      const server = await startServer({ tools: [verbose, reversing], title: long, description: long });
      browser = await openBrowser({ width });
      const { page } = browser;
      await page.goto(`${server.url}/`);
      await page.waitForSelector('#live.on');
      const clientInfo = { name: long, version: long };
      await call(`${server.url}/mcp`, { body: rpc('initialize', { clientInfo, capabilities: {} }) });
      await call(`${server.url}/mcp`, { body: rpc(long) });
      await page.waitForSelector(`#sessions td:has-text("a_name_that")`);
      await page.click(`[data-tool="${long}"]`);
      expect(await inPage(page, 'document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
      expect(await inPage(page, WIDER_THAN_PANEL)).toEqual([]);
      expect(await page.textContent('[data-tool="reversing"] strong')).toBe('\ufffdlive');
      await page.goto('about:blank');
      await server.close();
    },
    60_000,
  );

  it('asks an operator for the token, and opens with it', async () => {
    const server = await startServer({ debugToken: 'the-token-of-the-operator' });
    browser = await openBrowser();
    const { page } = browser;
    // As a proxy would send it on.
    await page.setExtraHTTPHeaders({ 'X-Forwarded-For': '203.0.113.7' });
    await page.goto(`${server.url}/`);
    await page.waitForSelector('#operator-locked:visible');
    expect(await page.isVisible('#operator-view')).toBe(false);
    await page.fill('#operator-token', 'another-token');
    await page.click('#unlock button');
    await page.waitForSelector('#operator-why:text("That is not the token")');
    await page.fill('#operator-token', 'the-token-of-the-operator');
    await page.click('#unlock button');
    await page.waitForSelector('#operator-view:visible');
    await page.waitForSelector('#live.on');
    await page.goto('about:blank');
    await server.close();
  }, 60_000);

  it.each([
    [390, false],
    [390, true],
    [1280, true],
  ])(
    'fits %s pixels, dark: %s',
    async (width, dark) => {
      const server = await startServer();
      browser = await openBrowser({ width, dark });
      const { page } = browser;
      await page.goto(`${server.url}/`);
      await page.waitForSelector('#tools button');
      expect(await inPage(page, 'document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
      const background = await inPage(page, 'getComputedStyle(document.body).backgroundColor');
      expect(Number(/\d+/.exec(String(background))?.[0]) < 128).toBe(dark);
      await page.goto('about:blank');
      await server.close();
    },
    60_000,
  );
});

/** Notes every step of a progress bar: how long each can be seen is up to the machine. */
const WATCH_BAR = `
  globalThis.barSteps = [];
  new MutationObserver((changes) => {
    for (const { target, oldValue } of [...changes, ...new Set(changes.map(({ target }) => ({ target })))]) {
      const value = oldValue === undefined ? target.getAttribute('value') : oldValue;
      const step = value + ' of ' + target.max;
      if (value !== null && !barSteps.includes(step)) barSteps.push(step);
    }
  }).observe(document.body, { subtree: true, attributes: true, attributeOldValue: true, attributeFilter: ['value'] });
`;

/** Notes what a screen reader would be told of a call. */
const WATCH_ALOUD = `
  globalThis.saidAloud = [];
  new MutationObserver(() => saidAloud.push(document.querySelector('.output [role="status"]').textContent)).observe(
    document.querySelector('.output [role="status"]'), { childList: true });
  if (document.querySelector('#tool-panel [aria-live]:not([aria-live="off"])')) saidAloud.push('and more');
`;

/** As on a page without HTTPS; what is copied by the old way is noted. */
const NO_CLIPBOARD = `
  globalThis.copied = [];
  Object.defineProperty(navigator, 'clipboard', { value: undefined });
  document.addEventListener('copy', () => copied.push(document.activeElement.value));
`;

const WIDER_THAN_PANEL = `
  [...document.querySelectorAll('#tool-panel *')]
    .filter((one) => one.getBoundingClientRect().right > document.querySelector('#tool-panel').getBoundingClientRect().right)
    .map((one) => one.outerHTML.slice(0, 100))
`;

/** What axe finds wrong, in its words. */
async function violations(page: Page): Promise<unknown> {
  await inPage(page, axe.source);
  return inPage(
    page,
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html, failureSummary }) => html.slice(0, 150) + failureSummary).join(' | ')))`,
  );
}

/** What an expression is in the page. As text, since the page has other types than we. */
function inPage(page: Page, expression: string): Promise<unknown> {
  return page.evaluate(expression);
}
