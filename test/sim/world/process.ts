// A simulated process: a core at work in the shell's own driver, and the machine under it. A process
// may be killed (the kernel closes its connections), lose its host's power (no end is told), or be
// paused: then arrivals wait, and when it goes on, its late timer comes first, as in an event loop.

import type { ConnectionInput } from '../../../src/core/client/effect.ts';
import type { CaughtFault } from '../../../src/io/machine/bulkhead.ts';
import type { Driver } from '../../../src/io/machine/driver.ts';
import type { DriverOptions } from '../../../src/io/machine/driver-options.ts';
import type {
  Accept,
  Cancel,
  ConnectionHandlers,
  DialHandlers,
} from '../../../src/io/machine/runtime.ts';
import { channelOver } from './channel.ts';
import type { Clock } from './clock.ts';
import type { End, EndHandlers, Network } from './network.ts';
import { REFUSED, transportOf } from './network.ts';

/** The parts of a process: those of its driver, and its place in the world. */
export interface ProcessOptions<I, E> extends Omit<DriverOptions<I, E>, 'runtime' | 'onStop'> {
  readonly clock: Clock;
  readonly network: Network;
  readonly host: string;
  /** The shell's own, or one with a bug planted in it. */
  readonly driver: typeof Driver;
}

/** A core with connections. */
export class Process<I extends { readonly nowMs: number }, E extends { readonly kind: string }> {
  state: 'running' | 'paused' | 'ended' = 'running';
  /** When it last began or went on. */
  awakeMs: number;
  endedMs = Infinity;
  readonly #clock: Clock;
  readonly #network: Network;
  readonly #host: string;
  readonly #driver: Driver<I, E>;
  readonly #ends = new Set<End>();
  readonly #stops: { readonly fromMs: number; toMs: number }[] = [];
  #waiting: (() => void)[] = [];
  /** The alarms that rang while it stood still. */
  #late: (() => void)[] = [];
  #isReading = false;

  constructor({ clock, network, host, driver: ItsDriver, ...options }: ProcessOptions<I, E>) {
    this.#clock = clock;
    this.#network = network;
    this.#host = host;
    this.awakeMs = clock.nowMs;
    this.#driver = new ItsDriver<I, E>({
      // A core that does not bear a fault must meet none.
      inputOf: failOf,
      ...options,
      runtime: {
        nowMs: () => clock.nowMs,
        dial: (address, handlers) => this.#dial(address, handlers),
        setAlarm: (atMs, ring) => this.#setAlarm(atMs, ring),
      },
      onStop: () => {
        this.#end();
      },
    });
  }

  /** Connections that are open, as the kernel sees it. */
  get connectionsCount(): number {
    return this.#ends.size;
  }

  get host(): string {
    return this.#host;
  }

  /** Begins its life, and listens at these addresses. */
  start(addresses: readonly string[]): void {
    for (const address of addresses) {
      const transport = transportOf(address);
      this.#network.listen(address, {
        isAlive: () => this.state !== 'ended',
        accept: (end, host) => {
          // As in the shell, who dials comes from a port of its own.
          const remote = transport === 'tcp' ? `${host}:49152` : host;
          return this.#adopt(end, { remote, transport }, (channel) => {
            return this.#driver.accept(channel);
          });
        },
      });
    }
    this.#driver.start();
  }

  /** Hands an input to the core, now or when the process goes on. */
  give(inputAt: (nowMs: number) => ConnectionInput | I): void {
    this.#whenAwake(() => {
      this.#driver.submit(inputAt(this.#clock.nowMs));
    });
  }

  /** SIGKILL: the kernel closes what was open. */
  kill(): void {
    this.#end();
    for (const end of this.#ends) this.#network.close(end, 'the process ended');
    this.#ends.clear();
  }

  /** The host has lost its power. */
  vanish(): void {
    this.#end();
    this.#ends.clear();
  }

  /** SIGSTOP. */
  pause(): void {
    if (this.state !== 'running') return;
    this.state = 'paused';
    this.#stops.push({ fromMs: this.#clock.nowMs, toMs: Infinity });
  }

  /** For how long of the time since then it stood still. */
  stoodStillMs(sinceMs: number): number {
    const { nowMs } = this.#clock;
    return this.#stops.reduce((sum, { fromMs, toMs }) => {
      return sum + Math.max(0, Math.min(toMs, nowMs) - Math.max(fromMs, sinceMs));
    }, 0);
  }

  /** Whether it has ever stood still. */
  get hasStoodStill(): boolean {
    return this.#stops.length > 0;
  }

  /** For how long it last stood still. */
  get sleptMs(): number {
    const stop = this.#stops.at(-1);
    return stop === undefined ? 0 : stop.toMs - stop.fromMs;
  }

  /** SIGCONT: the timers that are late come first, then all that has arrived. */
  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'running';
    this.awakeMs = this.#clock.nowMs;
    const stop = this.#stops.at(-1);
    if (stop !== undefined) stop.toMs = this.#clock.nowMs;
    for (const ring of this.#late.splice(0)) ring();
    this.#drain();
  }

  /** An event loop reads one socket after the other: waiting bytes do not come all at once. */
  #drain(): void {
    this.#isReading = true;
    for (const run of this.#waiting.splice(0, READ_AT_ONCE)) run();
    this.#isReading = false;
    if (this.#waiting.length === 0 || this.state !== 'running') return;
    this.#clock.after(TURN_MS, () => {
      if (this.state === 'running') this.#drain();
    });
  }

  #end(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.endedMs = this.#clock.nowMs;
    this.#waiting = [];
    this.#late = [];
  }

  #whenAwake(run: () => void): void {
    const isNext = this.#isReading || this.#waiting.length === 0;
    if (this.state === 'running' && isNext) run();
    else if (this.state !== 'ended') this.#waiting.push(run);
  }

  #setAlarm(atMs: number, ring: () => void): Cancel {
    let isCancelled = false;
    const ringUnlessCancelled = (): void => {
      if (!isCancelled) ring();
    };
    const cancel = this.#clock.at(atMs, () => {
      if (this.state === 'running') ring();
      else if (this.state === 'paused') this.#late.push(ringUnlessCancelled);
    });
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  #dial(address: string, handlers: DialHandlers): Cancel {
    let isCancelled = false;
    const transport = transportOf(address);
    this.#network.dial(this.#host, address, {
      opened: (end) => {
        if (isCancelled || this.state === 'ended') return null;
        return this.#adopt(end, { remote: address, transport }, handlers.opened);
      },
      failed: (reason) => {
        this.#whenAwake(() => {
          if (!isCancelled) handlers.failed(reason, reason === REFUSED);
        });
      },
    });
    return () => {
      isCancelled = true;
    };
  }

  /** Hands a connection to the driver, and all that happens to it, when the process is awake. */
  #adopt(
    end: End,
    { remote, transport }: { readonly remote: string; readonly transport: 'tcp' | 'unix' },
    accept: Accept,
  ): EndHandlers {
    let handlers: ConnectionHandlers | null = null;
    let isOver = false;
    this.#ends.add(end);
    const silence = (): void => {
      handlers = null;
      isOver = true;
      this.#ends.delete(end);
    };
    const channel = channelOver(end, {
      remote,
      transport,
      network: this.#network,
      clock: this.#clock,
      silence,
    });
    this.#whenAwake(() => {
      const given = accept(channel);
      if (!isOver) handlers = given;
    });
    return {
      received: (chunk) => {
        this.#whenAwake(() => handlers?.received(chunk));
      },
      closed: (reason) => {
        this.#whenAwake(() => {
          const told = handlers;
          silence();
          told?.closed(reason);
        });
      },
      drained: () => {
        this.#whenAwake(() => handlers?.drained());
      },
    };
  }
}

function failOf({ reason }: CaughtFault): never {
  throw new Error(reason);
}

/** The bytes that a turn of an event loop reads, and how long it takes. */
const READ_AT_ONCE = 4;
const TURN_MS = 0.2;
