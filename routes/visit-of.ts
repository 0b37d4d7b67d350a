import type { Request, Response } from 'express';
import { ANONYMOUS, type Principal } from '../protocol/call.js';
import type { Visit } from '../transports/visit.js';

/** What the guards in front of the routes found out. */
export interface Admission {
  readonly exchangeId: string;
  readonly prefix: string;
  readonly principal?: Principal;
  readonly challenge?: Visit['challenge'];
}

const KEY = 'admission';

export function admit(res: Response, admission: Admission): void {
  res.locals[KEY] = admission;
}

export function admissionOf(res: Response): Admission | undefined {
  return res.locals[KEY] as Admission | undefined;
}

/** The exchange as the transports see it. */
export function visitOf(req: Request, res: Response): Visit {
  const { exchangeId = '', prefix = '', principal = ANONYMOUS, challenge } = admissionOf(res) ?? {};
  return { req, res, principal, exchangeId, prefix, challenge };
}
