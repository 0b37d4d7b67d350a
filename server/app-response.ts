import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import express from 'express';

type Headers = readonly OutgoingHttpHeader[] | OutgoingHttpHeaders;

const NONE: readonly string[] = [];

/**
 * A response that says some headers with every answer. They go into one list with those of `writeHead`: Node checks,
 * keeps and merges what is set one by one, which costs a small answer more than its tool does.
 */
export class AppResponse<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {
  /** Name, value, name, value. */
  common = NONE;
  /** What was sent, in the same form; Node keeps none of it. */
  sent: readonly OutgoingHttpHeader[] = NONE;

  /** Whether a response was born as one. Express gives this prototype to those of other servers too. */
  static isBorn(res: ServerResponse): res is AppResponse {
    return #whole in res;
  }

  override writeHead(status: number, reason: string | Headers = NONE, headers?: Headers): this {
    const isBorn = AppResponse.isBorn(this);
    if (isBorn && typeof reason === 'object' && this.getHeaderNames().length === 0) {
      this.sent = this.#whole(reason);
      return super.writeHead(status, this.sent as OutgoingHttpHeader[]);
    }
    if (isBorn) setEach(this, this.common);
    return super.writeHead(status, reason as string, headers as OutgoingHttpHeaders);
  }

  override getHeader(name: string): ReturnType<ServerResponse['getHeader']> {
    return !AppResponse.isBorn(this) || this.sent.length === 0 ? super.getHeader(name) : this.#find(name);
  }

  #whole(headers: Headers): OutgoingHttpHeader[] {
    const common: readonly OutgoingHttpHeader[] = this.common;
    if (Array.isArray(headers)) return [...common, ...(headers as OutgoingHttpHeader[])];
    return common.concat(
      Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [name, value])),
    );
  }

  #find(name: string): OutgoingHttpHeader | undefined {
    // Mostly it is asked for as it was said.
    for (let at = 0; at < this.sent.length; at += 2) if (this.sent[at] === name) return this.sent[at + 1];
    const lower = name.toLowerCase();
    for (let at = 0; at < this.sent.length; at += 2) {
      if (String(this.sent[at]).toLowerCase() === lower) return this.sent[at + 1];
    }
    return undefined;
  }
}

// Born as what Express would make of it.
Object.setPrototypeOf(AppResponse.prototype, express.response);

/** Has every answer on this response carry these headers: name, value, name, value. */
export function setCommonHeaders(res: ServerResponse, headers: readonly string[]): void {
  if (AppResponse.isBorn(res)) res.common = headers;
  else setEach(res, headers);
}

function setEach(res: ServerResponse, headers: readonly string[]): void {
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? '';
    if (!res.hasHeader(name)) res.setHeader(name, headers[at + 1] ?? '');
  }
}
