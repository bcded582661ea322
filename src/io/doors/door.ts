// The interface between a server and its doors: what each gives the other. A door is a kind of
// protocol (HTTP, DNS) for programs that do not speak rarangi's own. The invariant: a door asks and
// tells as a client does, by inner connections, and no error of it reaches the server.

import type { Notice } from '../../core/notices.ts';
import type { ConnectionId, HeldPlace } from '../../core/input.ts';
import type { State } from '../../core/server/state.ts';
import type { DoorCounts } from '../../doors/metrics/table.ts';
import type { Name } from '../../protocol/ids.ts';
import type { Facts } from '../../protocol/records.ts';
import type { InnerConnection, InnerEnd } from '../machine/inner-connections.ts';
import type { Runtime } from '../machine/runtime.ts';
import type { SocketRights } from '../machine/socket-rights.ts';
import type { LockOptions } from '../tls/credentials.ts';
import type { DoorSettings } from './door-options.ts';

/** The server, as a door sees it. */
export interface DoorServer {
  readonly environment: Name;
  readonly facts: Facts;
  readonly settings: DoorSettings;
  /** What locks the protocol's TCP: a door may be locked by the same. */
  readonly lock: LockOptions;
  readonly runtime: Pick<Runtime, 'nowMs' | 'random' | 'setAlarm'>;
  /** Where the HTTP of this side and of the other one are, for clients that have to move. */
  readonly ways: { readonly own: readonly string[]; readonly other: readonly string[] };
  /** Begins to speak with the core. */
  readonly connect: (end: InnerEnd) => InnerConnection;
  /** What the core knows, never to be changed: for metrics. */
  readonly state: () => Readonly<State>;
  readonly tell: (notice: Notice) => void;
  /** Another program is at a place of a door, or is not any more. */
  readonly setHeld: (place: Omit<HeldPlace, 'uid'>, isHeld: boolean) => void;
  /** Counts what a door did, for metrics. */
  readonly count: <C extends keyof DoorCounts>(counted: C, labels: DoorCounts[C]) => void;
  /** The bytes that wait in memory to be written to a connection. */
  readonly unwrittenBytesOf: (connection: ConnectionId) => number;
}

/** What a door is opened with. */
export interface DoorContext {
  readonly server: DoorServer;
  /** The door is closed for this fault, and opened anew after a while. */
  readonly fail: (error: unknown) => void;
  /** The same function, but an error in it closes the door. */
  readonly guard: <A extends readonly unknown[]>(
    act: (...given: A) => void,
  ) => (...given: A) => void;
}

/** Where a door listens: `host:port` or the path of a socket. */
export interface DoorPlace {
  readonly address: string;
  /** Whether it is one of the host's, which either side may hold; else it belongs to this side. */
  readonly isOfHost: boolean;
  /** Of a socket. */
  readonly rights: SocketRights;
}

/** What listens. */
export interface DoorListener {
  /** Accepts no more; open connections stay. */
  close(): void;
}

/** A door that is open. */
export interface Door {
  /** Listens at a place, whose socket removes its file when closed. Rejects with the system's error. */
  listen(place: DoorPlace): Promise<DoorListener>;
  /** Whether another program listens there: not a server of this environment. Never rejects. */
  isStranger(place: DoorPlace): Promise<boolean>;
  /** Reads its files anew. Throws RARANGI_USAGE when they cannot be used. */
  reload(): void;
  /** Ends all its connections; resolves when none is left. Must not reject. */
  close(): Promise<void>;
}

/** A module that is loaded when a door opens. */
export interface DoorModule {
  readonly openDoor: (context: DoorContext) => Door;
}
