import { isAtLeast, type Revision } from './versions.js';

/**
 * When each thing we may send came into the schema. The one table that decides what a client of a given revision gets;
 * `fit.ts` does the cutting.
 */
const SINCE = {
  audio: '2025-03-26',
  toolAnnotations: '2025-03-26',
  progressMessage: '2025-03-26',
  completions: '2025-03-26',
  batch: '2025-03-26',
  title: '2025-06-18',
  definitionMeta: '2025-06-18',
  blockMeta: '2025-06-18',
  resourceLink: '2025-06-18',
  structuredContent: '2025-06-18',
  outputSchema: '2025-06-18',
  lastModified: '2025-06-18',
  elicitation: '2025-06-18',
  icons: '2025-11-25',
  implementationDetails: '2025-11-25',
  elicitationUrl: '2025-11-25',
  multiSelectElicitation: '2025-11-25',
  samplingTools: '2025-11-25',
  toolExecution: '2025-11-25',
  priming: '2025-11-25',
  anyStructuredContent: '2026-07-28',
  cacheHints: '2026-07-28',
} as const satisfies Record<string, Revision>;

/** What later revisions took out again: the first one that no longer knows it. */
const UNTIL: Partial<Record<Feature, Revision>> = {
  batch: '2025-06-18',
  toolExecution: '2026-07-28',
  priming: '2026-07-28',
};

export type Feature = keyof typeof SINCE;

/** Whether a client that speaks `revision` may be sent, or may send, `feature`. */
export function has(revision: Revision, feature: Feature): boolean {
  const until = UNTIL[feature];
  return isAtLeast(revision, SINCE[feature]) && (until === undefined || !isAtLeast(revision, until));
}
