// @ts-check
// One tool: what it does, a form, and what came of the last call.
import { element, formatMs, isObject } from './dom.js';
import { FieldError } from './fields.js';
import { createForm } from './schema-form.js';

/**
 * @typedef {{ name: string, title?: string, description?: string, inputSchema?: any, outputSchema?: any, annotations?: Record<string, unknown> }} Tool
 * @typedef {{ client: () => import('./mcp-client.js').McpClient | undefined, doorName: () => string }} Connection
 */

/**
 * @param {Tool} tool
 * @param {Connection} connection
 * @returns {HTMLElement[]}
 */
export function createCallPanel(tool, { client, doorName }) {
  const form = createForm(tool.inputSchema ?? {});
  const callButton = element('button', { type: 'submit', class: 'primary' }, 'Call');
  const cancelButton = element('button', { type: 'button', hidden: true }, 'Cancel');
  const output = element('div', { class: 'output' });
  /** @type {HTMLElement | undefined} */
  let wrong;
  const outcome = new Outcome(output);
  let isRunning = false;

  // Neither button may take the focus with it: whoever uses the keyboard would have to begin at the top again.
  /** @param {boolean} is */
  function setRunning(is) {
    isRunning = is;
    if (is) callButton.setAttribute('aria-disabled', 'true');
    else callButton.removeAttribute('aria-disabled');
    if (!is && document.activeElement === cancelButton) callButton.focus();
    cancelButton.hidden = !is;
  }

  async function call() {
    if (isRunning) return;
    /** @type {unknown} */
    let args;
    wrong?.removeAttribute('aria-invalid');
    try {
      args = form.read();
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      outcome.refuse(error.message);
      wrong = error.control;
      wrong.setAttribute('aria-invalid', 'true');
      wrong.focus();
      return;
    }
    const current = client();
    if (current === undefined) return outcome.refuse('Not connected. Choose a door to connect again.');
    const abort = new AbortController();
    cancelButton.onclick = () => abort.abort();
    setRunning(true);
    outcome.begin(doorName());
    try {
      const result = await current.request(
        'tools/call',
        { name: tool.name, arguments: args },
        { onNotification: (message) => outcome.hear(message), signal: abort.signal },
      );
      outcome.finish(result);
    } catch (error) {
      outcome.refuse(error instanceof Error ? error.message : String(error));
    } finally {
      setRunning(false);
    }
  }

  return [
    element('h3', { id: 'tool-title' }, tool.title ?? tool.name),
    element('p', { class: 'badges' }, element('code', {}, tool.name), ...badges(tool)),
    element('p', { class: 'description' }, tool.description ?? ''),
    element(
      'form',
      {
        'aria-labelledby': 'tool-title',
        novalidate: true,
        submit: (event) => {
          event.preventDefault();
          void call();
        },
      },
      form.node,
      element('div', { class: 'row actions' }, callButton, cancelButton),
    ),
    output,
    schemas(tool),
  ];
}

/** What one call said and answered. */
class Outcome {
  #startedAt = 0;
  #door = '';
  /** @type {HTMLProgressElement} */
  #bar = element('progress', { 'aria-label': 'Progress of the call' });
  /** Said aloud: only what begins and what came of it. */
  #status = element('p', { class: 'status', role: 'status' });
  #step = element('p', { class: 'step' });
  #log = element('ol', { class: 'log', 'aria-label': 'What the tool said meanwhile' });
  #result = element('div', { class: 'result' });

  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    // Only what is there before it is filled is said aloud.
    place.append(this.#status);
  }

  /** @param {string} door */
  begin(door) {
    this.#startedAt = performance.now();
    this.#door = door;
    this.#bar.removeAttribute('value');
    this.#log.replaceChildren();
    this.#result.replaceChildren();
    this.#show('running', `Calling over the ${door}…`);
    this.#step.textContent = '';
    this.place.append(this.#step, this.#bar, this.#log, this.#result);
  }

  /** @param {import('./mcp-client.js').Message} message */
  hear({ method, params }) {
    if (method === 'notifications/progress') {
      const { progress, total, message } = params;
      if (typeof total === 'number') {
        this.#bar.max = total;
        this.#bar.value = progress;
      }
      const done = typeof total === 'number' ? `${Math.floor(progress)} of ${total}` : String(Math.floor(progress));
      const words = typeof message === 'string' ? `${done}: ${message}` : done;
      this.#step.textContent = words;
      this.#say(words, 'progress');
    } else if (method === 'notifications/message') {
      this.#say(typeof params?.data === 'string' ? params.data : JSON.stringify(params?.data), 'message');
    }
  }

  /** @param {any} result */
  finish(result) {
    const isError = result?.isError === true;
    const took = formatMs(performance.now() - this.#startedAt);
    this.#show(
      isError ? 'failed' : 'done',
      `${isError ? 'The tool failed' : 'Answered'} in ${took} over the ${this.#door}`,
    );
    this.#rest();
    const blocks = Array.isArray(result?.content) ? result.content.map(contentBlock) : [];
    const structured =
      result?.structuredContent === undefined
        ? []
        : [
            element(
              'details',
              { open: blocks.length === 0 },
              element('summary', {}, 'As data'),
              preformatted(JSON.stringify(result.structuredContent, null, 2)),
            ),
          ];
    this.#result.replaceChildren(...blocks, ...structured);
  }

  /** @param {string} why */
  refuse(why) {
    this.#rest();
    this.#show('failed', why);
  }

  #rest() {
    this.#bar.remove();
    this.#step.remove();
  }

  /**
   * @param {'running' | 'done' | 'failed'} state
   * @param {string} text
   */
  #show(state, text) {
    this.#status.dataset.state = state;
    this.#status.textContent = text;
  }

  /**
   * @param {string} text
   * @param {string} kind
   */
  #say(text, kind) {
    const at = formatMs(performance.now() - this.#startedAt);
    this.#log.append(element('li', { class: kind }, element('time', {}, at), ' ', text));
    while (this.#log.childElementCount > 200) this.#log.firstElementChild?.remove();
    this.#log.scrollTop = this.#log.scrollHeight;
  }
}

/** @param {any} block */
function contentBlock(block) {
  const source = `data:${block?.mimeType};base64,${block?.data}`;
  switch (block?.type) {
    case 'text':
      return preformatted(shorten(String(block.text)));
    case 'image':
      return element('img', { src: source, alt: 'An image the tool made' });
    case 'audio':
      return element('audio', { controls: true, src: source });
    default:
      return preformatted(shorten(JSON.stringify(block, null, 2)));
  }
}

/** @param {string} text */
function shorten(text) {
  return text.length <= 20_000 ? text : `${text.slice(0, 20_000)}…\n(${text.length} characters in all)`;
}

/** @param {string} text */
function preformatted(text) {
  return element('pre', { tabindex: 0 }, text);
}

/** @param {Tool} tool */
function badges({ annotations = {} }) {
  const known = [
    annotations.readOnlyHint === true
      ? ['Only reads', 'It changes nothing']
      : ['May change things', 'It may have effects'],
    annotations.readOnlyHint !== true && annotations.destructiveHint !== false
      ? ['May destroy', 'It may delete or overwrite']
      : undefined,
    annotations.openWorldHint === false ? undefined : ['Reaches outside', 'It may talk to other systems'],
  ];
  return known
    .filter((badge) => badge !== undefined)
    .map(([text, title]) => element('span', { class: 'badge', title }, text));
}

/** @param {Tool} tool */
function schemas({ inputSchema, outputSchema }) {
  const part = (/** @type {string} */ title, /** @type {unknown} */ schema) =>
    isObject(schema) && [element('h4', {}, title), preformatted(JSON.stringify(schema, null, 2))];
  const parts = [part('What it takes', inputSchema), part('What it returns', outputSchema)];
  return element(
    'details',
    { class: 'schemas' },
    element('summary', {}, 'Schemas, for developers'),
    ...parts.flatMap((one) => one || []),
  );
}
