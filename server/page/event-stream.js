// @ts-check
// Reads an event stream from a fetch: unlike EventSource it can send a token, and says what became of it.

/**
 * @typedef {{ event: string, data: string, id: string | undefined }} StreamEvent
 */

/**
 * The events of a response, until it ends. Comments and empty events are left out.
 * @param {Response} response
 * @returns {AsyncGenerator<StreamEvent>}
 */
export async function* readEvents(response) {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).replaceAll('\r\n', '\n').split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parseBlock(block);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * @param {string} block
 * @returns {StreamEvent | undefined}
 */
function parseBlock(block) {
  let event = 'message';
  /** @type {string | undefined} */
  let id;
  /** @type {string[]} */
  const data = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, '');
    const field = line.slice(0, colon);
    if (field === 'event') event = value;
    else if (field === 'id') id = value;
    else if (field === 'data') data.push(value);
  }
  const text = data.join('\n');
  return text === '' ? undefined : { event, data: text, id };
}
