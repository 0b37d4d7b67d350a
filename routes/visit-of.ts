import type { Request, Response } from 'express';
import { ANONYMOUS, type Principal } from '../protocol/call.js';
import type { Visit } from '../transports/visit.js';
import { VisitNotes } from '../transports/visit-notes.js';

/** What the guards in front of the routes found out. */
export interface Admission {
  readonly exchangeId: string;
  readonly prefix: string;
  readonly principal?: Principal;
  readonly challenge?: Visit['challenge'];
}

// On the response itself: `res.locals` is a dictionary, and slow for something that is looked up with every call.
const ADMISSION = Symbol('admission');
const NOTES = Symbol('notes');

interface Noted {
  [ADMISSION]?: Admission;
  [NOTES]?: VisitNotes;
}

export function admit(res: Response & Noted, admission: Admission): void {
  res[ADMISSION] = admission;
}

export function admissionOf(res: Response & Noted): Admission | undefined {
  return res[ADMISSION];
}

/** The notes of an exchange that somebody watches. */
export function takeNotes(res: Response & Noted, notes: VisitNotes): void {
  res[NOTES] = notes;
}

export function notesOf(res: Response & Noted): VisitNotes | undefined {
  return res[NOTES];
}

/** The exchange as the transports see it. */
export function visitOf(req: Request, res: Response): Visit {
  // Express keeps its whole way through the routers here, and a stream would keep it for hours.
  req.next = undefined;
  const { exchangeId = '', prefix = '', principal = ANONYMOUS, challenge } = admissionOf(res) ?? {};
  return { req, res, principal, exchangeId, prefix, challenge, notes: notesOf(res) ?? new VisitNotes(res) };
}
