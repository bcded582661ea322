// Keeps one kind of door open. The invariant: a failure in a door, or while it opens, costs this
// door alone: it is closed, the operator is told once, and five seconds later it is opened anew.

import type { Cancel } from '../machine/runtime.ts';
import { isLiveSocket, SocketError, takeSocketFor } from '../machine/sockets.ts';
import type { Door, DoorContext, DoorListener, DoorModule, DoorPlace, DoorServer } from './door.ts';
import type { PlaceListener } from './host-port.ts';
import { SharedPort } from './host-port.ts';

/** A kind of door. */
export interface DoorKind {
  /** What an operator calls it. */
  readonly noun: string;
  /** The places at which it listens at once, and those that wait for a view that was complete. */
  readonly early: readonly DoorPlace[];
  readonly late: readonly DoorPlace[];
  readonly load: () => Promise<DoorModule>;
}

/** Keeps a door open, from its construction to `close`. */
export class DoorKeeper {
  readonly #kind: DoorKind;
  readonly #server: DoorServer;
  readonly #early: DoorPlace[];
  readonly #late: DoorPlace[];
  #door: Door | null = null;
  #ports: SharedPort[] = [];
  #isReady = false;
  #isClosed = false;
  #cancelRetry: Cancel | null = null;
  /** What is being closed. */
  #closing: Promise<void> = Promise.resolve();

  constructor(kind: DoorKind, server: DoorServer) {
    this.#kind = kind;
    this.#server = server;
    this.#early = [...kind.early];
    this.#late = [...kind.late];
    void this.#open();
  }

  /** The view was complete for the first time, or has taken too long. */
  becomeReady(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    if (this.#door === null) void this.#open();
    else this.#listen(this.#door, this.#late);
  }

  /** Listens at these places as well. */
  add({ early, late }: Pick<DoorKind, 'early' | 'late'>): void {
    if (this.#isClosed) return;
    this.#early.push(...early);
    this.#late.push(...late);
    if (this.#door === null) void this.#open();
    else this.#listen(this.#door, this.#isReady ? [...early, ...late] : early);
  }

  /** The sibling may be gone. */
  hasten(): void {
    for (const port of this.#ports) port.hasten();
  }

  /** Throws RARANGI_USAGE when the files of the door cannot be used any more. */
  reload(): void {
    this.#door?.reload();
  }

  /** Accepts no more; resolves when all its connections have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry?.();
    this.#shut();
    await this.#closing;
  }

  /** A door that listens nowhere yet is not loaded. */
  async #open(): Promise<void> {
    if (this.#places().length === 0) return;
    try {
      const { openDoor } = await this.#kind.load();
      if (this.#isClosed || this.#door !== null) return;
      let isCurrent = true;
      const context: DoorContext = {
        server: this.#server,
        fail: (error) => {
          if (isCurrent) this.#fail(error);
          isCurrent = false;
        },
        guard: (act) => guarded(act, context),
      };
      this.#door = openDoor(context);
      this.#listen(this.#door, this.#places());
    } catch (error) {
      this.#fail(error);
    }
  }

  #places(): readonly DoorPlace[] {
    return this.#isReady ? [...this.#early, ...this.#late] : this.#early;
  }

  #listen(door: Door, places: readonly DoorPlace[]): void {
    for (const place of places) {
      const port = new SharedPort({
        runtime: this.#server.runtime,
        listen: () => listenAt(door, place),
        isStranger: () => door.isStranger(place),
        onHeld: (reason) => {
          const { address } = place;
          this.#server.tell({
            name: 'no-door',
            fields: { door: this.#kind.noun, address, reason },
          });
        },
        onStranger: (isThere) => {
          this.#server.setHeld({ door: this.#kind.noun, address: place.address }, isThere);
        },
        onBoundAnew: () => {
          this.#server.tell({ name: 'socket-bound-anew', fields: { path: place.address } });
        },
      });
      this.#ports.push(port);
      void port.open();
    }
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#server.tell({ name: 'door-closed', fields: { door: this.#kind.noun, reason } });
    this.#shut();
    const { runtime } = this.#server;
    this.#cancelRetry?.();
    this.#cancelRetry = runtime.setAlarm(runtime.nowMs() + RETRY_MS, () => void this.#open());
  }

  #shut(): void {
    for (const port of this.#ports) port.close();
    this.#ports = [];
    const door = this.#door;
    this.#door = null;
    if (door === null) return;
    const before = this.#closing;
    this.#closing = Promise.all([before, door.close()]).then(() => undefined);
  }
}

async function listenAt(door: Door, place: DoorPlace): Promise<PlaceListener> {
  const { address, rights } = place;
  if (!address.includes('/')) return await door.listen(place);
  // Most tries are for a place that the sibling has; they need no file beside it.
  if (await isLiveSocket(address)) throw new SocketError(`${address} is taken`, { isLive: true });
  const listen = (path: string): Promise<DoorListener> => door.listen({ ...place, address: path });
  const { isInPlace, close } = await takeSocketFor(address, { rights, listen });
  return { isInPlace, close };
}

function guarded<A extends readonly unknown[]>(
  act: (...given: A) => void,
  { fail }: Pick<DoorContext, 'fail'>,
): (...given: A) => void {
  return (...given) => {
    try {
      act(...given);
    } catch (error) {
      fail(error);
    }
  };
}

/** How long a door that failed stays closed. */
const RETRY_MS = 5_000;
