// The question of a request, read from its method and its address. Most questions come again and
// again: those are read once. The invariants: the memory is bounded, whatever clients ask; and a
// question that cannot be understood is no failure yet, because only a client that may ask is told
// so.

import type { QueryParameters, Route } from './routes.ts';
import { matchRoute, queryOf } from './routes.ts';

/** The result for a request. */
export type RequestMeaning =
  | {
      readonly kind: 'asked';
      readonly route: Route;
      /** The part in the place of `{…}`. */
      readonly part: string;
      /** The parameters; a text says what is wrong with them. */
      readonly query: QueryParameters | string;
    }
  | { readonly kind: 'unknown'; readonly path: string }
  /** There is such a path, for these methods. */
  | { readonly kind: 'method'; readonly path: string; readonly allowed: readonly string[] };

/** What a request is for: RFC 9112, 3.2. */
export interface RequestTarget {
  /** The host that it names itself, which counts instead of that of the header; null for none. */
  readonly host: string | null;
  readonly address: string;
}

/** Reads a request's target, which is an address, or a whole URL as a proxy is asked for. */
export function targetOf(text: string): RequestTarget {
  if (text.startsWith('/')) return { host: null, address: text };
  const [, host = null, address = text] = /^https?:\/\/([^/?]*)(.*)$/is.exec(text) ?? [];
  return { host, address: host === null || address.startsWith('/') ? address : `/${address}` };
}

/** The questions of one door. */
export class Questions {
  readonly #known = new Map<string, RequestMeaning>();

  /** Reads the question of a request. */
  of(method: string, url: string): RequestMeaning {
    const isReading = method === 'GET' || method === 'HEAD';
    if (!isReading || url.length > LENGTH_MAX) return questionOf(method, url);
    const known = this.#known.get(url);
    if (known !== undefined) return known;
    const question = questionOf(method, url);
    // There is no end of questions without a meaning.
    if (question.kind === 'asked' && typeof question.query !== 'string') this.#put(url, question);
    return question;
  }

  #put(url: string, question: RequestMeaning): void {
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(url, question);
  }
}

function questionOf(method: string, url: string): RequestMeaning {
  const at = url.includes('?') ? url.indexOf('?') : url.length;
  const path = url.slice(0, at);
  const match = matchRoute(method, path);
  if (match.kind === 'unknown') return { kind: 'unknown', path };
  if (match.kind === 'method') return { kind: 'method', path, allowed: match.allowed };
  const { route, part } = match;
  return { kind: 'asked', route, part, query: queryOf(route, url.slice(at + 1)) };
}

const KNOWN_MAX = 1_024;
const LENGTH_MAX = 512;
