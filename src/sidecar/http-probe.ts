// Whether a URL answers well, as load balancers define it: a status from 200 to 399. The invariant:
// one request, one connection that is not kept, no redirect followed, no body read.

import { get } from 'node:http';

/** Asks once: null when the answer was good, else what is wrong. Never rejects. */
export function askHttp(url: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, signal }, ({ statusCode = 0 }) => {
      resolve(isGood(statusCode) ? null : `${url}: ${String(statusCode)}`);
      request.destroy();
    });
    request.on('error', ({ message }) => {
      resolve(signal.aborted ? `${url} did not answer in time` : `${url}: ${message}`);
    });
  });
}

function isGood(status: number): boolean {
  return status >= 200 && status < 400;
}
