import type { Logger } from 'pino';
import type { VisitNotes } from '../transports/visit-notes.js';
import { type ExchangeEntry, isOfInterest } from './exchange-entry.js';
import { ExchangeLine } from './exchange-line.js';
import { plainOutput } from './log.js';
import type { LogSink } from './log-sink.js';
import { mask } from './mask.js';

export interface ExchangeLogOptions {
  /** Whether bodies are logged too, with secrets masked. */
  readonly wire: boolean;
}

/** One line for each HTTP exchange, when it is over. What asks only whether the server is there is logged at `debug`. */
export class ExchangeLog {
  readonly #log: Logger;
  readonly #wire: boolean;
  readonly #plain: LogSink | undefined;

  constructor(log: Logger, { wire }: ExchangeLogOptions) {
    this.#log = log;
    this.#wire = wire;
    this.#plain = plainOutput(log);
  }

  exchange(entry: ExchangeEntry, notes: VisitNotes): void {
    const isFine = entry.diagnosis === undefined && isOfInterest(entry);
    if (isFine && !this.#wire && this.#plain !== undefined) return this.#write(entry, this.#plain);
    const { time: _time, ...told } = entry;
    const facts = this.#wire ? { ...told, body: mask(notes.body), response: mask(notes.response) } : told;
    if (entry.diagnosis !== undefined) this.#log.warn(facts, 'exchange');
    else if (isFine) this.#log.info(facts, 'exchange');
    else this.#log.debug(facts, 'exchange');
  }

  // Where nothing is done with a line but writing it, it is written as it is.
  #write(entry: ExchangeEntry, plain: LogSink): void {
    if (this.#log.isLevelEnabled('info')) plain.write(new ExchangeLine(entry));
  }

  /** A call that ended after its exchange had been told of. */
  answer(facts: object): void {
    this.#log.info(facts, 'answer');
  }

  session(facts: object, message: string): void {
    if ((facts as { diagnosis?: string }).diagnosis === undefined) this.#log.info(facts, message);
    else this.#log.warn(facts, message);
  }

  /** What was written to a stream, where bodies are logged. */
  event(session: string | undefined, requestId: string, frame: string): void {
    if (!this.#wire) return;
    const data = /^data: (.*)$/m.exec(frame)?.[1];
    if (data !== undefined && data !== '') this.#log.info({ requestId, session, body: maskJson(data) }, 'event');
  }
}

function maskJson(text: string): unknown {
  try {
    return mask(JSON.parse(text));
  } catch {
    // Not JSON, as an endpoint is not: it names a session.
    return undefined;
  }
}
