// How a service is asked whether it is well: `tcp`, `http://…`, `exec:COMMAND`, or not at all. The
// invariant: an attempt ends in time, never rejects, and says in words what is wrong.

import { RarangiError } from '../index.ts';
import { askCommand } from './exec-probe.ts';
import { askHttp } from './http-probe.ts';
import { askTcp, type ProbeTarget } from './tcp-probe.ts';

/** How to ask; `{port}` in a text is the port of the service. */
export type Probe =
  | { readonly kind: 'none' }
  | { readonly kind: 'tcp' }
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'exec'; readonly command: string };

/** When an attempt has to end. */
export interface Patience {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The probe that a text means; `what` is its name in an error. Throws RARANGI_USAGE. */
export function parseProbe(text: string, what: string): Probe {
  if (text === 'none' || text === 'tcp') return { kind: text };
  const command = /^exec:(.*\S.*)$/s.exec(text)?.[1];
  if (command !== undefined) return { kind: 'exec', command };
  if (isHttpUrl(text)) return { kind: 'http', url: text };
  throw RarangiError.usage(
    `${what} ${JSON.stringify(text)} is not a probe`,
    'use tcp, none, http://HOST:PORT/PATH or exec:COMMAND',
  );
}

/** Asks once: null when all is well, else what is wrong. Never rejects. */
export async function attempt(
  probe: Probe,
  place: ProbeTarget,
  { timeoutMs, signal }: Patience,
): Promise<string | null> {
  if (signal.aborted) return 'the probe had no time left';
  const over = new AbortController();
  const end = (): void => {
    over.abort();
  };
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  try {
    return await ask(probe, place, over.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function ask(probe: Probe, place: ProbeTarget, signal: AbortSignal): Promise<string | null> {
  switch (probe.kind) {
    case 'none':
      return Promise.resolve(null);
    case 'tcp':
      return askTcp(place, signal);
    case 'http':
      return askHttp(withPort(probe.url, place), signal);
    case 'exec':
      return askCommand({ command: withPort(probe.command, place), port: place.port }, signal);
  }
}

function isHttpUrl(text: string): boolean {
  return text.startsWith('http://') && URL.canParse(withPort(text, { port: 1 }));
}

function withPort(text: string, { port }: ProbeTarget): string {
  return text.replaceAll('{port}', String(port));
}
