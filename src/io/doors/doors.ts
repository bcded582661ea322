// The doors of a server: which there are, when each opens, and when they close. The invariant: a
// server is ready without them, and none of them holds it up or ends it. They close together with
// its links, last of all, so that questions are answered until then.

import type { Side } from '../machine/addresses.ts';
import type { Cancel } from '../machine/runtime.ts';
import { readTokenFile } from '../tls/token-file.ts';
import type { DoorServer } from './door.ts';
import type { DoorKind } from './door-keeper.ts';
import { DoorKeeper } from './door-keeper.ts';
import type { DoorAddresses, DoorSite } from './door-places.ts';
import { doorAddressesOf, httpWaysOf, socketPlacesOf, tcpPlacesOf } from './door-places.ts';
import { readPair } from './http-tls.ts';

/** The addresses of all doors. */
export interface AllAddresses {
  readonly http: DoorAddresses;
  readonly dns: DoorAddresses;
}

/** Resolves the addresses of all doors, and reads their files. Rejects with RARANGI_USAGE. */
export async function allAddressesOf(site: DoorSite): Promise<AllAddresses> {
  const http = await doorAddressesOf(site, 'http');
  const dns = await doorAddressesOf(site, 'dns');
  const { httpTokenFile, httpTls } = site.doors;
  if (httpTokenFile !== null) readTokenFile(httpTokenFile);
  if (httpTls !== null) readPair(httpTls);
  return { http, dns };
}

/** Where the server is. */
export interface DoorsPlace {
  readonly side: Side;
  /** The path of its UNIX socket, if it has one yet. */
  readonly socket: string | null;
  readonly addresses: AllAddresses;
}

/** The doors of one server. */
export class Doors {
  readonly #server: DoorServer;
  readonly #site: DoorSite;
  readonly #side: Side;
  readonly #kinds: readonly DoorKind[];
  #socket: string | null;
  #keepers: readonly DoorKeeper[] = [];
  #cancelPatience: Cancel = () => undefined;
  #isClosed = false;

  constructor(site: DoorSite, place: DoorsPlace, server: Omit<DoorServer, 'ways'>) {
    const { side, addresses, socket } = place;
    this.#site = site;
    this.#side = side;
    this.#socket = socket;
    const waysOf = (at: Side): string[] =>
      httpWaysOf(site, at, { addresses: addresses.http, socket: this.#socket });
    const ways = {
      get own(): string[] {
        return waysOf(side);
      },
      get other(): string[] {
        return waysOf(side === 'a' ? 'b' : 'a');
      },
    };
    this.#server = { ...server, ways };
    this.#kinds = kindsOf(site, place);
  }

  /** The doors in words: each kind with the ports where it listens, or will listen. */
  get words(): readonly string[] {
    return this.#kinds.flatMap(({ noun, early, late }) => {
      const addresses = [...early, ...late].map(({ address }) => address);
      const ports = addresses.filter((address) => !address.includes('/'));
      return ports.length === 0 ? [] : [`${noun} at ${ports.join(', ')}`];
    });
  }

  /** Opens those that need not wait. */
  open(): void {
    if (this.#isClosed) return;
    const { runtime, state } = this.#server;
    this.#keepers = this.#kinds.map((kind) => new DoorKeeper(kind, this.#server));
    this.#cancelPatience = runtime.setAlarm(runtime.nowMs() + LATE_PLACES_MS, () => {
      this.becomeReady();
    });
    if (state().view.isComplete) this.becomeReady();
  }

  /** The protocol has got its socket later than at the start: HTTP listens beside it, too. */
  listenBeside(socket: string): void {
    if (this.#socket !== null) return;
    this.#socket = socket;
    const [http] = this.#keepers;
    http?.add(socketPlacesOf(this.#site, { side: this.#side, socket }));
  }

  /** The view was complete for the first time: from now on all doors are open. */
  becomeReady(): void {
    for (const keeper of this.#keepers) keeper.becomeReady();
  }

  /** The link to the sibling is lost: the host's ports that it held may be free any moment. */
  hasten(): void {
    for (const keeper of this.#keepers) keeper.hasten();
  }

  /**
   * Reads the files of the doors anew; a file that cannot be used is logged, and the old one stays
   * in use.
   */
  reload(): void {
    for (const keeper of this.#keepers) {
      try {
        keeper.reload();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#server.tell({ name: 'trust-unchanged', fields: { reason } });
      }
    }
  }

  /** Accepts no more; resolves when all connections of the doors have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelPatience();
    await Promise.all(this.#keepers.map((keeper) => keeper.close()));
  }
}

/** Each kind is loaded when it opens: a server without doors has none of their code. */
function kindsOf(site: DoorSite, { side, socket, addresses }: DoorsPlace): DoorKind[] {
  const ports = tcpPlacesOf(site, 'http', { side, addresses: addresses.http });
  const sockets = socketPlacesOf(site, { side, socket });
  return [
    {
      noun: 'HTTP',
      early: [...ports.early, ...sockets.early],
      late: [...ports.late, ...sockets.late],
      load: () => import('./http-door.ts'),
    },
    {
      noun: 'DNS',
      ...tcpPlacesOf(site, 'dns', { side, addresses: addresses.dns }),
      load: () => import('./dns-door.ts'),
    },
  ];
}

/** A server that is alone or cut off never sees all, and says so. */
const LATE_PLACES_MS = 6_000;
