/** What must never leave the server: planted where a careless server would show it. */
export const SECRETS = {
  /** In the words of an error a tool throws. Logged, since it is ours to mend; never sent. */
  thrown: 'hunter2-thrown-by-a-tool',
  /** What seals `requestState`. */
  state: 'planted-state-secret-0123456789abcdef',
  /** In the arguments of calls: the caller's own business, and not the log's. */
  argument: 'planted-argument-5f3b',
  ann: 'ann-planted-token-0123456789',
  bob: 'bob-planted-token-0123456789',
} as const;
