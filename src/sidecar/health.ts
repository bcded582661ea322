// Checking a service that was ready once. The invariant: a verdict changes only after `fall` bad
// answers in a row, or `rise` good ones; a service begins as healthy, because it has just been
// ready.

import { pause } from './pause.ts';
import { attempt } from './probe.ts';
import type { SidecarService } from './service.ts';

/** How often a service is checked, and how many answers in a row count. */
export interface CheckPace {
  /** Between two checks; one check may take as long. */
  readonly intervalMs: number;
  readonly rise: number;
  readonly fall: number;
}

/** A change of the verdict. */
export type Verdict =
  { readonly isHealthy: true } | { readonly isHealthy: false; readonly reason: string };

/** The probe, and its service. */
export interface HealthOptions {
  readonly service: SidecarService;
  readonly pace: CheckPace;
  readonly isHealthy: boolean;
  readonly onVerdict: (verdict: Verdict) => void;
  readonly signal: AbortSignal;
}

/** Checks until the signal aborts. */
export async function watchHealth(options: HealthOptions): Promise<void> {
  const { service, pace, onVerdict, signal } = options;
  if (service.check.kind === 'none') {
    // After an unhealthy verdict the old checks end.
    if (!options.isHealthy) onVerdict({ isHealthy: true });
    return;
  }
  const judge = createJudge(pace, options.isHealthy);
  while (await pause(pace.intervalMs, signal)) {
    const patience = { timeoutMs: pace.intervalMs, signal };
    const reason = await attempt(service.check, service.offer, patience);
    // An attempt that was called off says nothing about the service.
    if (signal.aborted) return;
    const verdict = judge(reason);
    if (verdict !== null) onVerdict(verdict);
  }
}

/** Takes one answer after the other, null for a good one; returns the changes of the verdict. */
export function createJudge(
  { rise, fall }: Pick<CheckPace, 'rise' | 'fall'>,
  isHealthyAtFirst = true,
): (reason: string | null) => Verdict | null {
  let isHealthy = isHealthyAtFirst;
  let contraryCount = 0;
  return (reason) => {
    contraryCount = (reason === null) === isHealthy ? 0 : contraryCount + 1;
    if (contraryCount < (isHealthy ? fall : rise)) return null;
    isHealthy = !isHealthy;
    contraryCount = 0;
    return reason === null ? { isHealthy: true } : { isHealthy: false, reason };
  };
}
