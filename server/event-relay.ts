import type { Told, View } from './debug-view.js';

/** Where news of other instances comes from and goes to. */
export interface Wire {
  /** Rejects when nobody can be reached. */
  tell(news: News): Promise<void>;
  onNews(listener: (news: unknown) => void): void;
}

type News = { readonly about: 'watching' } | { readonly about: 'happened'; readonly items: readonly Told[] };

/** How often a watcher says that it still watches, and how long others believe it. */
const SAY_MS = 5000;
const BELIEVE_MS = 12_000;
/** What happens in that time is told in one piece, up to so many items. */
const GATHER_MS = 100;
const MAX_GATHERED = 100;
const MAX_PROBLEMS = 500;

/** Carries what happens on all instances to whoever watches on one. While nobody watches, nothing is told. */
export class EventRelay {
  readonly #own: Pick<View, 'watch'>;
  readonly #wire: Wire;
  readonly #watchers = new Set<(item: Told) => void>();
  #saying: NodeJS.Timeout | undefined;
  /** While somebody else watches. */
  #telling: { readonly unwatch: () => void; readonly until: NodeJS.Timeout } | undefined;
  #gathered: Told[] = [];
  #missed = 0;

  constructor(own: Pick<View, 'watch'>, wire: Wire) {
    this.#own = own;
    this.#wire = wire;
    wire.onNews((news) => this.#hear(news as News));
  }

  /** Hears of everything everywhere. @returns what ends it */
  watch(listener: (item: Told) => void): () => void {
    const unwatch = this.#own.watch(listener);
    this.#watchers.add(listener);
    if (this.#saying === undefined) {
      this.#saying = setInterval(() => this.#tell({ about: 'watching' }), SAY_MS).unref();
      this.#tell({ about: 'watching' });
    }
    return () => {
      unwatch();
      this.#watchers.delete(listener);
      if (this.#watchers.size > 0) return;
      clearInterval(this.#saying);
      this.#saying = undefined;
    };
  }

  #hear(news: News): void {
    if (news.about === 'watching') this.#believe();
    // Another version may say what is not known here.
    if (news.about === 'happened') for (const item of news.items) this.#show(item);
  }

  #show(item: Told): void {
    for (const listener of this.#watchers) listener(item);
  }

  #believe(): void {
    if (this.#telling !== undefined) {
      this.#telling.until.refresh();
      return;
    }
    const unwatch = this.#own.watch((item) => this.#gather(item));
    const until = setTimeout(() => {
      unwatch();
      this.#telling = undefined;
    }, BELIEVE_MS).unref();
    this.#telling = { unwatch, until };
  }

  #gather(item: Told): void {
    const isProblem = (item.facts as { diagnosis?: unknown }).diagnosis !== undefined;
    if (this.#gathered.length >= (isProblem ? MAX_PROBLEMS : MAX_GATHERED)) {
      this.#missed += 1;
      return;
    }
    if (this.#gathered.length === 0) setTimeout(() => this.#flush(), GATHER_MS).unref();
    this.#gathered.push(item);
  }

  #flush(): void {
    const items = this.#gathered;
    const missed = this.#missed;
    this.#gathered = [];
    this.#missed = 0;
    if (missed > 0) items.push({ at: Date.now(), event: 'missed', facts: { missed } });
    this.#tell({ about: 'happened', items });
  }

  // Whoever watches sees less while nobody can be told; that is seen elsewhere.
  #tell(news: News): void {
    this.#wire.tell(news).catch(() => undefined);
  }
}
