/** The variables of a URI template, read by the compiler: those of `{?…}` may be absent, all others are there. */
export type VariablesOf<T extends string> = string extends T
  ? Readonly<Record<string, string>>
  : Readonly<Record<Needed<T>, string>> & Readonly<Partial<Record<Optional<T>, string>>>;

type Needed<T extends string> = T extends `${string}{${infer Expression}}${infer Rest}`
  ? NeededIn<Expression> | Needed<Rest>
  : never;

type NeededIn<E extends string> = E extends `?${string}`
  ? never
  : E extends `${'+' | '/'}${infer N}`
    ? Names<N>
    : Names<E>;

type Optional<T extends string> = T extends `${string}{?${infer Expression}}${string}` ? Names<Expression> : never;

type Names<E extends string> = E extends `${infer First},${infer Rest}` ? First | Names<Rest> : E;
