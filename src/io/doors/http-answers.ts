// What comes by HTTP and what is answered. One invariant: every request gets one answer, with the
// headers that every answer has, and what a handler throws is an answer too.

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { DoorContext, DoorPlace } from './door.ts';

/** Where a request came in, and what answers it. */
export interface Exchange {
  readonly response: ServerResponse;
  readonly place: DoorPlace;
}

/** The requests of one door. */
export class HttpAnswers {
  readonly #context: DoorContext;

  constructor(context: DoorContext) {
    this.#context = context;
  }

  /** Answers a request. */
  handle(request: IncomingMessage, { response }: Exchange): void {
    const { environment, facts, state } = this.#context.server;
    const { isComplete, missing, isSynced, isStopping } = state();
    const headers = {
      'Rarangi-Environment': environment,
      'Rarangi-Server': facts.name,
      'Rarangi-Complete': String(isComplete),
      ...(isComplete ? {} : { 'Rarangi-Missing': missing.join(', ') }),
      'Cache-Control': 'no-cache',
      'X-Content-Type-Options': 'nosniff',
      'Content-Type': 'text/plain; charset=utf-8',
    };
    const isReady = isSynced && !isStopping;
    const [status, text] = HEALTH[request.url ?? '']?.(isReady) ?? [404, 'no such route\n'];
    response.writeHead(status, headers);
    response.end(request.method === 'HEAD' ? undefined : text);
  }

  reload(): void {
    // Nothing comes from files yet.
  }

  close(): void {
    // Nothing lasts yet.
  }
}

const HEALTH: Readonly<Record<string, (isReady: boolean) => [status: number, text: string]>> = {
  '/livez': () => [200, 'ok\n'],
  '/readyz': (isReady) => (isReady ? [200, 'ok\n'] : [503, 'not ready\n']),
};
