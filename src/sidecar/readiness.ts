// Waiting until a service is ready. The invariant: the answer comes at most a quarter of a second
// late, and the log says what is missing, ever less often.

import type { TellOperator } from './events.ts';
import type { Evidence } from './evidence.ts';
import { nowMs, pause } from './pause.ts';
import { attempt, type Patience, type Probe } from './probe.ts';
import type { SidecarService } from './service.ts';

/** What to wait for, and for how long. */
export interface ReadinessOptions {
  readonly service: SidecarService;
  /** The settings of the question. */
  readonly probe: Probe;
  /** Whether an answer comes from the service; without it every answer counts. */
  readonly evidence?: Evidence | undefined;
  /** How long one attempt may take; 5 s if absent. */
  readonly attemptMs?: number;
  /** The longest pause between two attempts; a quarter of a second if absent. */
  readonly pauseMs?: number;
  /** Infinity for ever. */
  readonly timeoutMs: number;
  readonly report: TellOperator;
  readonly signal: AbortSignal;
  /** Until the log is told for the first time; 10 s if absent. */
  readonly patienceMs?: number;
}

/** Resolves to whether it is ready, was not ready in time, or was called off. */
export async function readiness(
  options: ReadinessOptions,
): Promise<'ready' | 'overdue' | 'aborted'> {
  const { service, timeoutMs, report, signal, patienceMs = NOT_READY_MS } = options;
  const { attemptMs = ATTEMPT_MS_MAX, pauseMs: pauseMsMax = PAUSE_MS_MAX } = options;
  const startMs = nowMs();
  let nextReportMs = patienceMs;
  for (let pauseMs = PAUSE_MS_FIRST; ; pauseMs = Math.min(pauseMs * PAUSE_GROWTH, pauseMsMax)) {
    const leftMs = timeoutMs - (nowMs() - startMs);
    const patience = { timeoutMs: Math.max(1, Math.min(leftMs, attemptMs)), signal };
    const reason = await weighed(options, patience, startMs + timeoutMs);
    if (signal.aborted) return 'aborted';
    if (reason === null) return 'ready';
    const elapsedMs = nowMs() - startMs;
    const fields = { service: service.offer.name, seconds: Math.round(elapsedMs / 1000), reason };
    if (elapsedMs >= timeoutMs) {
      report('not-ready-in-time', fields);
      return 'overdue';
    }
    if (elapsedMs >= nextReportMs) {
      report('not-ready', fields);
      nextReportMs = elapsedMs * 2;
    }
    await pause(Math.min(pauseMs, timeoutMs - elapsedMs), signal);
  }
}

/** Asks once: null when all is well and counts, else what is wrong. */
async function weighed(
  { service, probe, evidence }: ReadinessOptions,
  patience: Patience,
  endMs: number,
): Promise<string | null> {
  const reason = await attempt(probe, service.offer, patience);
  if (reason === null) {
    const left = { ...patience, timeoutMs: Math.max(1, endMs - nowMs()) };
    return (await evidence?.weigh(service, probe, left)) ?? null;
  }
  // A command of the shell may fail although its port answers.
  if (probe.kind !== 'exec') evidence?.noteSilence(service);
  return reason;
}

const PAUSE_MS_FIRST = 10;
const PAUSE_MS_MAX = 250;
const PAUSE_GROWTH = 1.4;
const ATTEMPT_MS_MAX = 5_000;
const NOT_READY_MS = 10_000;
