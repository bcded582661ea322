// The life of one service of a sidecar. The invariant: it is in the catalogue in the state `offered`
// and in no other; every change of state is in the table, and an event that the table does not
// know, such as a verdict after the end, changes nothing.

import { isDeepStrictEqual } from 'node:util';

import type { HostCatalogue, HeldOffer } from './catalogue.ts';
import type { TellOperator } from './events.ts';
import type { Evidence } from './evidence.ts';
import { type CheckPace, type Verdict, watchHealth } from './health.ts';
import { readiness } from './readiness.ts';
import type { SidecarService } from './service.ts';

/** Which event leads where. */
export const LIFE = {
  awaited: { ready: 'offered', overdue: 'ended', end: 'ended' },
  offered: { unhealthy: 'withdrawn', end: 'ended' },
  withdrawn: { healthy: 'offered', end: 'ended' },
  ended: {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

type State = keyof typeof LIFE;
type LifeEvent = 'ready' | 'overdue' | 'unhealthy' | 'healthy' | 'end';

/** How long to wait for a service, and how it is checked then. */
export interface StartPace extends CheckPace {
  /** Infinity for ever. */
  readonly readyTimeoutMs: number;
}

/** Why a service is ended. */
export interface ServiceEnd {
  /** The event for the log; null for none. */
  readonly logged: string | null;
  /** The detail for the history. */
  readonly detail: string;
}

/** How a service is tended. */
export interface TendingOptions {
  readonly catalogue: HostCatalogue;
  readonly pace: StartPace;
  readonly report: TellOperator;
  /** Whether the command itself answers; absent where there is no command. */
  readonly evidence?: Evidence;
  /** Called once, if the service is not ready in time. */
  readonly onOverdue: (service: string) => void;
}

/** One service, tended until it is ended. */
export class Tending {
  readonly #options: TendingOptions;
  #service: SidecarService;
  #state: State = 'awaited';
  #asking = new AbortController();
  #registration: HeldOffer | null = null;
  /** Resolves when the registration that was given up last is gone. */
  #gone: Promise<void> = Promise.resolve();

  constructor(service: SidecarService, options: TendingOptions) {
    this.#service = service;
    this.#options = options;
    void this.#ask();
  }

  /** Whether it is in the catalogue, as far as it is up to us. */
  isRegistered(): boolean {
    return this.#registration !== null;
  }

  /** Takes over the changes; name, address and port are the same. */
  update(service: SidecarService): void {
    if (this.#state === 'ended') return;
    const before = this.#service;
    this.#service = service;
    if (!isDeepStrictEqual(before.offer, service.offer)) this.#registration?.update(service.offer);
    const probes = ({ ready, check }: SidecarService) => [ready, check];
    if (!isDeepStrictEqual(probes(before), probes(service))) void this.#ask();
  }

  /** Ends it: resolves when every server of the host knows. */
  async end({ logged, detail }: ServiceEnd): Promise<void> {
    const { report } = this.#options;
    const service = this.#service.offer.name;
    if (logged !== null && this.isRegistered()) report('deregistering', { service, cause: logged });
    this.#handle('end', detail);
    await this.#gone;
  }

  /** Asks the service how it is, from now on in the ways that it has now. */
  async #ask(): Promise<void> {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const { pace, onOverdue } = this.#options;
    const service = this.#service;
    if (this.#state === 'awaited') {
      const outcome = await this.#firstSuccess(service, signal);
      if (outcome === 'aborted') return;
      this.#handle(outcome);
      if (outcome === 'overdue') {
        onOverdue(service.offer.name);
        return;
      }
    }
    const isHealthy = this.#state === 'offered';
    const onVerdict = (verdict: Verdict): void => {
      this.#handleVerdict(verdict);
    };
    await watchHealth({ service, pace, isHealthy, onVerdict, signal });
  }

  /** Resolves when it is ready, and its check has been good once. */
  async #firstSuccess(service: SidecarService, signal: AbortSignal): ReturnType<typeof readiness> {
    const { pace, report, evidence } = this.#options;
    const common = { service, report, evidence, signal };
    const { ready, check } = service;
    const outcome = await readiness({ ...common, probe: ready, timeoutMs: pace.readyTimeoutMs });
    if (outcome !== 'ready' || check.kind === 'none' || isDeepStrictEqual(ready, check)) {
      return outcome;
    }
    const { intervalMs: attemptMs } = pace;
    const patience = { attemptMs, pauseMs: attemptMs, timeoutMs: Number.POSITIVE_INFINITY };
    return readiness({ ...common, ...patience, probe: check });
  }

  #handleVerdict(verdict: Verdict): void {
    const { report } = this.#options;
    const service = this.#service.offer.name;
    if (verdict.isHealthy) report('healthy', { service });
    else report('unhealthy', { service, reason: verdict.reason });
    if (verdict.isHealthy) this.#handle('healthy');
    else this.#handle('unhealthy', this.#complaintOf(verdict.reason));
  }

  /** The last answer of the check, and how many bad ones came in a row. */
  #complaintOf(reason: string): string {
    const { fall } = this.#options.pace;
    return `${reason}, ${TIMES[fall] ?? `${String(fall)} times`}`;
  }

  #handle(event: LifeEvent, detail = ''): void {
    const nextByEvent: Partial<Record<LifeEvent, State>> = LIFE[this.#state];
    const next = nextByEvent[event];
    if (next === undefined) return;
    this.#state = next;
    if (next === 'ended') this.#asking.abort();
    if (next === 'offered') this.#register();
    else this.#giveUp(next === 'withdrawn' ? 'unhealthy' : 'deregistered', detail);
  }

  #giveUp(cause: 'deregistered' | 'unhealthy', detail: string): void {
    const given = this.#registration;
    this.#registration = null;
    this.#gone = Promise.all([this.#gone, given?.giveUp(cause, detail)]).then(() => undefined);
  }

  #register(): void {
    this.#registration = this.#options.catalogue.register(this.#service.offer);
  }
}

const TIMES = ['', 'once', 'twice', 'three times', 'four times', 'five times'];
