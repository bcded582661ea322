// The body of a request, in JSON. One invariant: no more of it is kept than a body may have, and a
// body that is too large, or no JSON, is refused before anything else is done with it.

import { HTTP_LIMITS } from '../../doors/http/limits.ts';
import { usageFailure } from '../../doors/http/failures.ts';
import type { Exchange } from './http-exchange.ts';

/** Reads a body in JSON, and refuses one that cannot be read. */
export function readBody(exchange: Exchange, done: (body: unknown) => void): void {
  const { request } = exchange;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const take = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    else if (!exchange.response.headersSent) failTooLarge(exchange);
  };
  const end = (): void => {
    if (bytes > BODY_BYTES_MAX) return;
    let body: unknown;
    try {
      body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } catch {
      exchange.fail(usageFailure('the body is not JSON'));
      return;
    }
    done(body);
  };
  request.on('data', exchange.guarded(take));
  request.on('end', exchange.guarded(end));
}

function failTooLarge(exchange: Exchange): void {
  const message = `the body is larger than ${String(BODY_BYTES_MAX)} bytes`;
  const failure = {
    ...usageFailure(message, 'send less in one request'),
    status: 413,
  } as const;
  exchange.noteLimit('http-body-bytes');
  exchange.fail(failure, { headers: { Connection: 'close' } });
}

const { max: BODY_BYTES_MAX } = HTTP_LIMITS['http-body-bytes'];
