// Connections without a valid request: it cannot be read, has too large a header, or takes too
// long. The invariant: its sender is answered once and the connection ends; nothing is written into
// an answer that has begun, because its reader would take that for a part of it.

import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

import type { HttpLimitName } from '../../doors/http/limits.ts';

/** The result of a breach: its status, and the limit that it reached. */
interface Verdict {
  readonly status: 400 | 408 | 431;
  readonly limit: HttpLimitName | null;
}

/** Deals with the breaches of one door. */
export class HttpBreaches {
  readonly #onLimit: (limit: HttpLimitName) => void;

  /** `onLimit` is called each time that a limit is reached. */
  constructor(onLimit: (limit: HttpLimitName) => void) {
    this.#onLimit = onLimit;
  }

  /** A connection is of no use any more. `answer` is that which is being given on it. */
  meet(error: NodeJS.ErrnoException, socket: Duplex, answer: ServerResponse | null): void {
    const isPending = answer !== null && !answer.writableFinished;
    const { status, limit } = verdictOf(error, isPending);
    if (limit !== null) this.#onLimit(limit);
    const hasBegun = isPending && answer.headersSent;
    if (!socket.writable || hasBegun || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const head = `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`;
    socket.end(`${head}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
}

function verdictOf({ code }: NodeJS.ErrnoException, isPending: boolean): Verdict {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, limit: 'http-header-bytes' };
  if (code !== 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 400, limit: null };
  return { status: 408, limit: isPending ? 'http-request-ms' : 'http-header-ms' };
}
