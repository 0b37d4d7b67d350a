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

const KEY = 'admission';
const NOTES = 'notes';

export function admit(res: Response, admission: Admission): void {
  res.locals[KEY] = admission;
}

export function admissionOf(res: Response): Admission | undefined {
  return res.locals[KEY] as Admission | undefined;
}

/** The notes of an exchange that somebody watches. */
export function takeNotes(res: Response, notes: VisitNotes): void {
  res.locals[NOTES] = notes;
}

export function notesOf(res: Response): VisitNotes | undefined {
  return res.locals[NOTES] as VisitNotes | undefined;
}

/** The exchange as the transports see it. */
export function visitOf(req: Request, res: Response): Visit {
  // Express keeps its whole way through the routers here, and a stream would keep it for hours.
  req.next = undefined;
  const { exchangeId = '', prefix = '', principal = ANONYMOUS, challenge } = admissionOf(res) ?? {};
  return { req, res, principal, exchangeId, prefix, challenge, notes: notesOf(res) ?? new VisitNotes(res) };
}
