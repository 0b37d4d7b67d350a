/** Where a client stands: which stream of which session, and after which event. What `id:` and `Last-Event-ID` say. */
export interface EventId {
  readonly session: string;
  readonly stream: string;
  /** The position in the stream; `0` is before its first event. */
  readonly cursor: string;
}

/** The stream of a session that belongs to no request. */
export const MAIN_STREAM = 'm';

const FORM = /^([\x21-\x7e]{1,128})\.([a-z0-9]{1,16})\.(\d{1,20}(?:-\d{1,20})?)$/;

export function formatEventId(session: string, stream: string, cursor: string): string {
  return `${session}.${stream}.${cursor}`;
}

/** `undefined` for what is no event id of ours. */
export function parseEventId(text: string | undefined): EventId | undefined {
  const [, session, stream, cursor] = FORM.exec(text ?? '') ?? [];
  return session === undefined || stream === undefined || cursor === undefined
    ? undefined
    : { session, stream, cursor };
}
