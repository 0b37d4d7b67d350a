import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatEvent, formatPriming, formatRetry, KEEP_ALIVE_FRAME } from '../../../protocol/sse.js';

interface SeenEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

const line = fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[\r\n]/g, ''));
const id = line.map((text) => text.replaceAll('\0', ''));
const eventName = fc.stringMatching(/^[a-z]{1,12}$/);

describe('formatEvent', () => {
  it('writes events that a parser reads back, in order, with comments between them', () => {
    const events = fc.array(fc.record({ data: line, id: fc.option(id, { nil: undefined }), event: eventName }));
    fc.assert(
      fc.property(events, (written) => {
        const text = written.map(({ data, id, event }) => formatEvent(data, id, event)).join(KEEP_ALIVE_FRAME);
        expect(parseEvents(text)).toEqual(written);
      }),
    );
  });

  it('calls an event a message unless told otherwise', () => {
    expect(formatEvent('{}')).toBe('event: message\ndata: {}\n\n');
    expect(formatEvent('{}', '7')).toBe('event: message\nid: 7\ndata: {}\n\n');
  });

  it.each(['\n', '\r', '\r\n'])('lets no field write another by %j', (lineBreak) => {
    const injected = `a${lineBreak}data: b`;
    expect(() => formatEvent(injected)).toThrow('single line');
    expect(() => formatEvent('{}', injected)).toThrow('single line');
    expect(() => formatEvent('{}', '1', injected)).toThrow('single line');
  });
});

describe('frames that carry no message', () => {
  it('prime a client with an id and a time to wait, and empty data', () => {
    expect(formatPriming('s_1', 2500)).toBe('id: s_1\nretry: 2500\ndata: \n\n');
    expect(parseEvents(formatPriming('s_1', 2500))).toEqual([{ event: 'message', data: '', id: 's_1' }]);
  });

  it('make no event of a comment or a retry', () => {
    expect(parseEvents(KEEP_ALIVE_FRAME + formatRetry(100))).toEqual([]);
    expect(formatRetry(100)).toBe('retry: 100\n\n');
  });
});

/** A parser as the HTML standard has it, except that an id is told of the event that carried it only. */
function parseEvents(text: string): SeenEvent[] {
  return text
    .split('\n\n')
    .filter((frame) => frame !== '')
    .flatMap((frame) => {
      const fields = new Map(
        frame
          .split(/\r\n|\r|\n/)
          .filter((field) => !field.startsWith(':'))
          .map((field) => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 1).replace(/^ /, '')]),
      );
      const data = fields.get('data');
      return data === undefined ? [] : [{ event: fields.get('event') ?? 'message', data, id: fields.get('id') }];
    });
}
