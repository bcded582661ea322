// Connections without a valid request: it cannot be read, has too large a header, or takes too
// long. The invariant: its sender is answered once, as all others are, and the connection ends;
// nothing is written into an answer that has begun: its reader would take that for a part of it.

import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

import type { HttpFailure } from '../../doors/http/failures.ts';
import { usageFailure } from '../../doors/http/failures.ts';
import type { HttpLimitName } from '../../doors/http/limits.ts';
import { HTTP_LIMITS } from '../../doors/http/limits.ts';
import type { Rendered } from './http-exchange.ts';

/** The result of a breach: what is answered, and the limit that it reached. */
interface Verdict {
  readonly failure: HttpFailure;
  readonly limit: HttpLimitName | null;
}

/** What breaches need. */
interface BreachesOptions {
  /** Called each time that a limit is reached. */
  readonly onLimit: (limit: HttpLimitName) => void;
  /** Makes the answer to a request that has failed. */
  readonly answerTo: (failure: HttpFailure) => Rendered;
}

/** Deals with the breaches of one door. */
export class HttpBreaches {
  readonly #options: BreachesOptions;

  constructor(options: BreachesOptions) {
    this.#options = options;
  }

  /** A connection is of no use any more. `answer` is that which is being given on it. */
  meet(error: NodeJS.ErrnoException, socket: Duplex, answer: ServerResponse | null): void {
    const isPending = answer !== null && !answer.writableFinished;
    const { failure, limit } = verdictOf(error, isPending);
    if (limit !== null) this.#options.onLimit(limit);
    const hasBegun = isPending && answer.headersSent;
    if (!socket.writable || hasBegun || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    socket.end(textOf(this.#options.answerTo(failure)));
  }
}

/** An answer as it is sent without an answer of Node.js, which has made none. */
function textOf({ status, head, body }: Rendered): string {
  const lines = [`HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`];
  for (let at = 0; at < head.length; at += 2)
    lines.push(`${head[at] ?? ''}: ${head[at + 1] ?? ''}`);
  return [...lines, 'Connection: close', '', body ?? ''].join('\r\n');
}

function verdictOf({ code }: NodeJS.ErrnoException, isPending: boolean): Verdict {
  if (code === 'HPE_HEADER_OVERFLOW') return beyond('http-header-bytes');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return beyond(isPending ? 'http-request-ms' : 'http-header-ms');
  }
  return { failure: usageFailure('this is not a request of HTTP/1.1', HINT), limit: null };
}

function beyond(limit: 'http-header-bytes' | 'http-header-ms' | 'http-request-ms'): Verdict {
  const max = String(HTTP_LIMITS[limit].max);
  const failures = {
    'http-header-bytes': { status: 431, message: `the headers have more than ${max} bytes` },
    'http-header-ms': { status: 408, message: `the headers did not arrive within ${max} ms` },
    'http-request-ms': {
      status: 408,
      message: `the whole request did not arrive within ${max} ms`,
    },
  } as const;
  return { failure: { code: 'usage', hint: HINT, ...failures[limit] }, limit };
}

const HINT = 'see: rarangi-http(7), LIMITS';
