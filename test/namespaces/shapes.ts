// The hosts of the world of the tests, and what may be done to it. The world itself: world.ts.

import type { Node } from './network.ts';
import type { Program } from './programs.ts';
import type { Terminal } from './terminal.ts';

/** A server, and the watch that asks it. */
export interface Server {
  readonly name: string;
  /** `host:port`. */
  readonly address: string;
  readonly program: Program;
  readonly watch: Program;
}

/** A machine with two servers. */
export interface Host {
  readonly name: string;
  readonly cluster: string;
  readonly isMaster: boolean;
  readonly node: Node;
  /** None of these when it has no power. */
  servers: readonly Server[];
  terminal: Terminal | null;
  web: Program | null;
}

/** The world of the tests. */
export interface World {
  readonly hosts: readonly Host[];
  host(name: string): Host;
  /** Cuts a group off from the rest, silently. */
  cut(group: readonly string[]): Promise<void>;
  /** Takes the cable of a host out. */
  unplug(name: string): Promise<void>;
  /** All cables in, all that was cut joined, no rule that drops anything. */
  heal(): Promise<void>;
  /** Takes the cables out and kills everything there, at a blow. */
  powerOff(...names: readonly string[]): Promise<void>;
  /** Kills everything there; its kernel goes on. */
  kill(name: string): void;
  /** Plugs a host in and starts its programs. */
  boot(name: string): Promise<void>;
  /** Restarts the servers of a host, one after the other: the next when the one has said this. */
  restart(name: string, event?: 'server-started' | 'view-complete'): Promise<void>;
  /** Starts one more instance of `web`, for the time of the test. */
  startExtra(name: string): Program;
}
