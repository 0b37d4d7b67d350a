/** How values spread over fixed buckets. Observing one costs a short walk and three additions. */
export class Distribution {
  readonly counts: number[];
  sum = 0;
  count = 0;

  /** @param bounds the upper ends of the buckets, ascending; what is above the last counts in a bucket of its own */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? Infinity)) at += 1;
    counts[at] = (counts[at] ?? 0) + 1;
    this.sum += value;
    this.count += 1;
  }
}
