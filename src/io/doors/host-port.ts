// One place at which a door listens, or would like to. Both servers of a host try to get the ports
// of the host; the one that has a port keeps it. The invariant: a place that is in use is tried
// again for ever: at once and then every 10 ms when there is reason to hope, else every second.
// Another program at the place is logged once, and the core knows of it as long as it is there. A
// socket whose file somebody has removed is bound anew.

import { errorCode, reasonOf } from '../machine/reasons.ts';
import type { Cancel, Runtime } from '../machine/runtime.ts';
import { SocketError } from '../machine/sockets.ts';
import type { DoorListener } from './door.ts';

/** What listens at a place. */
export interface PlaceListener extends DoorListener {
  /** Of a socket: whether clients still find its file. */
  readonly isInPlace?: () => boolean;
}

/** What to listen for, and the callbacks. */
export interface HostPortOptions {
  readonly runtime: Pick<Runtime, 'nowMs' | 'setAlarm'>;
  /** Rejects with the error of the system, or with a SocketError. */
  readonly listen: () => Promise<PlaceListener>;
  /** Whether a stranger has it: a program that is no server of ours, and still there. */
  readonly isStranger: () => Promise<boolean>;
  /** A stranger has it, or it cannot be bound: told once, until it was ours. */
  readonly onHeld: (reason: string) => void;
  /** A stranger has come to the place, or has gone. */
  readonly onStranger: (isThere: boolean) => void;
  /** The socket's file was gone, and there is a new one. */
  readonly onBoundAnew: () => void;
}

/** One place. */
export class SharedPort {
  readonly #options: HostPortOptions;
  #listener: PlaceListener | null = null;
  #hasteEndMs = -Infinity;
  #cancelTry: Cancel | null = null;
  #isTrying = false;
  #isClosed = false;
  #wasTold = false;
  #wasRemoved = false;
  #isStrangers = false;
  /** Whether the last look found a stranger; two in a row are one. */
  #isSuspected = false;
  #lookedMs = -Infinity;

  constructor(options: HostPortOptions) {
    this.#options = options;
  }

  /** Whether it is ours. */
  get isHeld(): boolean {
    return this.#listener !== null;
  }

  /** Tries to get it; resolves after the first attempt. */
  async open(): Promise<void> {
    if (this.#isTrying || this.#isClosed || this.#listener !== null) return;
    this.#isTrying = true;
    this.#cancelTry?.();
    this.#cancelTry = null;
    try {
      this.#take(await this.#options.listen());
    } catch (error) {
      this.#note(error);
    }
    this.#isTrying = false;
    this.#armNext();
  }

  /** The program that has it may be gone any moment. */
  hasten(): void {
    if (this.#isClosed || this.#listener !== null) return;
    this.#hasteEndMs = this.#options.runtime.nowMs() + HASTE_MS;
    void this.open();
  }

  /** Accepts no more, and tries no more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTry?.();
    this.#listener?.close();
    this.#listener = null;
    this.#setStrangers(false);
  }

  #take(listener: PlaceListener): void {
    this.#wasTold = false;
    this.#isSuspected = false;
    if (this.#isClosed) {
      listener.close();
      return;
    }
    this.#listener = listener;
    this.#setStrangers(false);
    if (this.#wasRemoved) this.#options.onBoundAnew();
    this.#wasRemoved = false;
  }

  /** The file of a socket may go while it is ours. */
  #look(): void {
    const listener = this.#listener;
    if (listener?.isInPlace?.() === false) {
      this.#wasRemoved = true;
      this.#listener = null;
      listener.close();
      void this.open();
    } else this.#armNext();
  }

  #note(error: unknown): void {
    if (isInUse(error)) this.#wasRemoved = false;
    if (isInUse(error)) void this.#lookWhoIsThere();
    else if (!this.#wasTold) this.#tell(reasonOf(error));
  }

  async #lookWhoIsThere(): Promise<void> {
    const nowMs = this.#options.runtime.nowMs();
    if (nowMs < this.#hasteEndMs) return;
    if (nowMs < this.#lookedMs + (this.#isStrangers ? STRANGER_LOOK_MS : LOOK_MS)) return;
    this.#lookedMs = nowMs;
    const isStranger = await this.#options.isStranger();
    if (this.#isClosed || this.#listener !== null) return;
    // A sibling that is being killed answers no more, and has the place for a moment yet.
    const isSure = !isStranger || this.#isSuspected;
    this.#isSuspected = isStranger;
    if (!isSure) {
      this.#lookedMs = -Infinity;
      return;
    }
    if (isStranger && !this.#wasTold) this.#tell('in use by something else');
    this.#setStrangers(isStranger);
  }

  #setStrangers(isStrangers: boolean): void {
    if (this.#isStrangers === isStrangers) return;
    this.#isStrangers = isStrangers;
    this.#options.onStranger(isStrangers);
  }

  #tell(reason: string): void {
    this.#wasTold = true;
    this.#options.onHeld(reason);
  }

  #armNext(): void {
    if (this.#isClosed) return;
    const { runtime } = this.#options;
    const nowMs = runtime.nowMs();
    if (this.#listener !== null) {
      if (this.#listener.isInPlace === undefined) return;
      this.#cancelTry = runtime.setAlarm(nowMs + IN_PLACE_MS, () => {
        this.#look();
      });
      return;
    }
    const dueMs = nowMs + (nowMs < this.#hasteEndMs ? HASTY_MS : CALM_MS);
    this.#cancelTry = runtime.setAlarm(dueMs, () => void this.open());
  }
}

/** Whether another program has the place, and may leave it. */
export function isInUse(error: unknown): boolean {
  if (error instanceof SocketError) return error.isLive;
  return errorCode(error) === 'EADDRINUSE';
}

/** The first try mostly finds the port still taken: the kernel closes it with the process's end. */
const HASTE_MS = 1_000;
const HASTY_MS = 10;
const CALM_MS = 1_000;

/** How often the file of our own socket is looked for. */
const IN_PLACE_MS = 2_000;

/** A sibling that has it may have left it to a stranger. */
const LOOK_MS = 30_000;

/** A stranger may have left it to the sibling. */
const STRANGER_LOOK_MS = 10_000;
