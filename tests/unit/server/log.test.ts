import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { errorFacts } from '../../../server/log.js';
import type { Json } from '../../support/clients/test-client.js';

class OfGetters extends Error {
  override get message(): string {
    return 'read only';
  }
}

class Unreadable extends Error {
  override get message(): string {
    throw new Error('not to be read');
  }
}

/** As it stands in the log. */
function logged(error: unknown): Json {
  let line = '';
  const log = pino({ base: null }, { write: (text) => (line = text) });
  log.error(errorFacts(error), 'fault');
  return (JSON.parse(line) as { err: Json }).err;
}

function circular(): Error {
  const error = new Error('round');
  error.cause = error;
  return error;
}

function withGetter(): Error {
  return Object.defineProperty(new Error('sound'), 'detail', {
    enumerable: true,
    get() {
      throw new Error('not to be read');
    },
  });
}

describe('what is logged of an error', () => {
  it('is its class, words, stack, causes and properties', () => {
    const cause = new RangeError('too far');
    const err = logged(Object.assign(new TypeError('not so', { cause }), { code: 'E_SO', port: 80 }));
    expect(err).toMatchObject({ type: 'TypeError', message: 'not so: too far', code: 'E_SO', port: 80 });
    expect(err.stack).toMatch(/TypeError: not so\n[^]*log\.test\.ts[^]*\ncaused by: RangeError: too far/);
  });

  it.each<[string, unknown, string]>([
    ['a DOMException', new DOMException('too late', 'TimeoutError'), 'too late'],
    [
      'a DOMException as cause',
      new Error('no', { cause: new DOMException('too late', 'TimeoutError') }),
      'no: too late',
    ],
    ['an error whose message is a getter', new OfGetters(), 'read only'],
    ['one as cause', new Error('no', { cause: new OfGetters() }), 'no: read only'],
    ['an error with a property that throws', withGetter(), 'sound'],
    ['an error that is its own cause', circular(), 'round: round'],
    ['a frozen error', Object.freeze(new Error('cold')), 'cold'],
    ['what is no error', 'words', 'words'],
    ['nothing', undefined, 'undefined'],
  ])('is what it says, of %s', (_what, error, message) => {
    expect(logged(error).message).toContain(message);
  });

  it('has no whole session id and no secret in its properties', () => {
    const id = '0af76519-16cd-43dd-8448-eb211c80319c';
    const error = Object.assign(new Error('no'), {
      id,
      hex: id.replaceAll('-', ''),
      token: 'hunter2',
      way: 'a\u202eb',
    });
    expect(logged(error)).toMatchObject({ id: '0af76519', hex: '0af76519', token: '[masked]', way: 'a?b' });
  });

  it('tells a DOMException by its name', () => {
    expect(logged(new DOMException('too late', 'TimeoutError'))).toMatchObject({ name: 'TimeoutError' });
  });

  it.each<[string, unknown]>([
    ['a message that throws', new Unreadable()],
    ['a cause that cannot be read', new Error('no', { cause: new Unreadable() })],
    ['no text', Object.create(null)],
    [
      'a proxy of ill will',
      new Proxy(new Error('no'), {
        getPrototypeOf() {
          throw new Error('not to be read');
        },
        get() {
          throw new Error('not to be read');
        },
        has() {
          throw new Error('not to be read');
        },
        ownKeys() {
          throw new Error('not to be read');
        },
      }),
    ],
  ])('is something, whatever it is given: %s', (_what, error) => {
    expect(logged(error).message).toEqual(expect.any(String));
  });
});
