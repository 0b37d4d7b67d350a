import type { RedisConnection } from './redis-connection.js';

/** What the other instances answered. */
export interface Gathered {
  readonly answers: readonly { readonly from: string; readonly answer: unknown }[];
  /** Whether every instance that was asked did. */
  readonly isComplete: boolean;
}

interface Question {
  readonly from: string;
  readonly number: number;
  readonly question: unknown;
}

interface Answer {
  readonly from: string;
  readonly number: number;
  readonly answer: unknown;
}

interface News {
  readonly from: string;
  readonly news: unknown;
}

/** How long an instance may take to answer. */
const ANSWER_MS = 1000;

/**
 * What instances ask and tell each other on behalf of their operator: questions and answers, and news. Nothing is kept:
 * who does not hear it now never does.
 */
export class RedisPeers {
  /** What names this instance among all. */
  readonly instance: string;
  readonly #redis: RedisConnection;
  readonly #pending = new Map<number, (answer: Answer) => void>();
  readonly #onNews = new Set<(news: unknown) => void>();
  #answer: (question: unknown) => Promise<unknown> = () => Promise.resolve(undefined);
  #asked = 0;

  constructor(redis: RedisConnection, instance: string) {
    this.#redis = redis;
    this.instance = instance;
  }

  /** Begins to hear the others; again is no harm. @throws HttpError 503 when the store does not answer */
  async start(): Promise<void> {
    await this.#redis.watch(this.#ownChannel(this.instance), this.#take);
    await this.#redis.watch(this.#channel, this.#hear);
  }

  /** Says who answers what other instances ask. */
  answerWith(answer: (question: unknown) => Promise<unknown>): void {
    this.#answer = answer;
  }

  /** Hears what the others tell. */
  onNews(listener: (news: unknown) => void): void {
    this.#onNews.add(listener);
  }

  /** Asks every other instance. @throws HttpError 503 when the store does not answer */
  async ask(question: unknown): Promise<Gathered> {
    this.#asked += 1;
    const number = this.#asked;
    // While we do not hear ourselves, we hear nobody else either.
    const isListening = [this.#channel, this.#ownChannel(this.instance)].every((channel) => this.#redis.hears(channel));
    const answers: Answer[] = [];
    let missing = Infinity;
    let timer: NodeJS.Timeout | undefined;
    const all = new Promise<void>((resolve) => {
      this.#pending.set(number, (answer) => {
        answers.push(answer);
        if (answers.length >= missing) resolve();
      });
      timer = setTimeout(resolve, ANSWER_MS);
    });
    try {
      const heard = await this.#publish(this.#channel, { from: this.instance, number, question } satisfies Question);
      // We hear ourselves.
      missing = heard - 1;
      if (answers.length < missing) await all;
      return { answers, isComplete: isListening && answers.length >= missing };
    } finally {
      clearTimeout(timer);
      this.#pending.delete(number);
    }
  }

  /** Tells every other instance. Rejects with a 503 when the store does not answer. */
  async tell(news: unknown): Promise<void> {
    await this.#publish(this.#channel, { from: this.instance, news } satisfies News);
  }

  // The same two functions each time: who is told to listen twice hears everything once.
  readonly #take = (message: string): void => {
    const answer = JSON.parse(message) as Answer;
    this.#pending.get(answer.number)?.(answer);
  };

  readonly #hear = (text: string): void => {
    const message = JSON.parse(text) as Question | News;
    if (message.from === this.instance) return;
    if ('news' in message) for (const listener of this.#onNews) listener(message.news);
    else void this.#reply(message).catch(() => undefined);
  };

  // Whoever asked waits no longer than a moment, also for an answer that could not be given.
  async #reply({ from, number, question }: Question): Promise<void> {
    const answer = await this.#answer(question);
    await this.#publish(this.#ownChannel(from), { from: this.instance, number, answer } satisfies Answer);
  }

  async #publish(channel: string, message: object): Promise<number> {
    return Number(await this.#redis.command('PUBLISH', channel, JSON.stringify(message)));
  }

  get #channel(): string {
    return this.#redis.channel('peers');
  }

  #ownChannel(instance: string): string {
    return this.#redis.channel('peer', instance);
  }
}
