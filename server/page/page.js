// @ts-check
// Puts the page together: health, addresses, tools, and what the operator sees.
import { createCallPanel } from './call-panel.js';
import { showConnect } from './connect.js';
import { byId, element, formatMs } from './dom.js';
import { McpClient, Refusal } from './mcp-client.js';
import { showOperator } from './operator.js';

const HEALTH_MS = 10_000;

const { prefix = '', base = '', name = 'server', token } = document.body.dataset;
const address = base === '' ? `${location.origin}${prefix}` : base;

showConnect({ base: address, name: /^[\w.-]+$/.test(name) ? name : 'server', asksForToken: token === 'yes' });
showHealth();
showTools();
showOperator(prefix);
byId('unstarted', HTMLElement).remove();

function showHealth() {
  const ask = async () => {
    const place = byId('health', HTMLElement);
    const text = byId('health-text', HTMLElement);
    try {
      const { uptimeSeconds } = await (await fetch(`${prefix}/health`)).json();
      text.textContent = `Running for ${formatMs(uptimeSeconds * 1000 + 1000)}`;
      place.classList.add('on');
    } catch {
      text.textContent = 'Not reachable';
      place.classList.remove('on');
    }
  };
  void ask();
  setInterval(() => {
    if (!document.hidden) void ask();
  }, HEALTH_MS);
}

function showTools() {
  const status = byId('connection', HTMLElement);
  const panel = byId('tool-panel', HTMLElement);
  const list = byId('tools', HTMLElement);
  /** @type {McpClient | undefined} */
  let client;
  /** @type {string | undefined} */
  let chosen;

  const door = () => /** @type {HTMLInputElement} */ (document.querySelector('input[name="door"]:checked')).value;
  const doorName = () => (door() === 'legacy' ? 'legacy door' : 'modern door');

  async function connect() {
    client?.close();
    say('', `Connecting over the ${doorName()}…`);
    const mine = new McpClient({
      door: door() === 'legacy' ? 'legacy' : 'mcp',
      base: prefix,
      token: byId('access-token', HTMLInputElement).value.trim(),
      onLost: (why) => {
        if (client !== mine) return;
        client = undefined;
        say('bad', `Connection lost: ${why}. `);
        status.append(
          element('button', { type: 'button', class: 'plain', click: () => connectAgain() }, 'Connect again'),
        );
      },
      onNotification: ({ method }) => {
        if (method === 'notifications/tools/list_changed') void refresh(mine);
      },
    });
    client = mine;
    try {
      const { protocolVersion } = await mine.open();
      if (client !== mine) return;
      await refresh(mine);
      say('good', `Connected over the ${doorName()}, protocol ${protocolVersion}`);
    } catch (error) {
      if (client !== mine) return;
      mine.close();
      client = undefined;
      say('bad', error instanceof Error ? error.message : String(error));
      if (error instanceof Refusal && error.status === 401) askForToken();
      if (chosen === undefined) panel.replaceChildren(element('p', { class: 'quiet' }, whyNoTools(error)));
    }
  }

  // The button that was pressed goes, and the focus with it.
  function connectAgain() {
    /** @type {HTMLInputElement} */ (document.querySelector('input[name="door"]:checked')).focus();
    void connect();
  }

  function askForToken() {
    const details = /** @type {HTMLDetailsElement} */ (document.querySelector('.token'));
    details.open = true;
    const hasOne = byId('access-token', HTMLInputElement).value.trim() !== '';
    byId('token-title', HTMLElement).textContent = hasOne
      ? 'The server does not know this access token'
      : 'This server asks for an access token';
  }

  /** @param {McpClient} from */
  async function refresh(from) {
    /** @type {import('./call-panel.js').Tool[]} */
    const tools = [];
    /** @type {string | undefined} */
    let cursor;
    do {
      const page = await from.request('tools/list', cursor === undefined ? {} : { cursor });
      tools.push(...page.tools);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    const buttons = tools.map((tool) =>
      element(
        'button',
        { type: 'button', 'data-tool': tool.name, 'aria-controls': 'tool-panel', click: () => choose(tool) },
        element('strong', {}, tool.title ?? tool.name),
        element('small', {}, tool.name),
      ),
    );
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    list.replaceChildren(...buttons.map((button) => element('li', {}, button)));
    if (focused instanceof HTMLButtonElement) {
      (buttons.find(({ dataset }) => dataset.tool === focused.dataset.tool) ?? buttons[0])?.focus();
    }
    const first = tools.find(({ name: known }) => known === chosen);
    // What somebody is filling in or looking at stays.
    if (first === undefined && tools[0] !== undefined) choose(tools[0]);
    else mark();
  }

  /** @param {import('./call-panel.js').Tool} tool */
  function choose(tool) {
    chosen = tool.name;
    mark();
    panel.replaceChildren(...createCallPanel(tool, { client: () => client, doorName }));
  }

  function mark() {
    for (const button of list.querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button.dataset.tool === chosen));
    }
  }

  /** @param {string} state @param {string} text */
  function say(state, text) {
    status.dataset.state = state;
    status.textContent = text;
  }

  for (const radio of document.querySelectorAll('input[name="door"]')) {
    radio.addEventListener('change', () => void connect());
  }
  byId('token-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    void connect();
  });
  addEventListener('pagehide', () => client?.close());
  addEventListener('pageshow', (event) => {
    if (event.persisted) void connect();
  });
  void connect();
}

/** @param {unknown} error */
function whyNoTools(error) {
  if (!(error instanceof Refusal)) return 'No tools to show.';
  if (error.status === 401) return 'Enter an access token above to see the tools.';
  if (error.status !== 403 || !error.message.includes('ALLOWED_ORIGINS')) return 'No tools to show.';
  return `This page was opened at ${location.origin}, which the server does not know as an address of its own. Whoever runs it sets PUBLIC_URL to that address, or adds it to ALLOWED_ORIGINS.`;
}
