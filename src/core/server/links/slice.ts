// The part of the state that only the folder `links` writes: connections that come, and addresses
// that this server dials.

import type { Name } from '../../../protocol/ids.ts';
import type { ConnectionId } from '../../input.ts';
import type { Target } from '../entities.ts';
import type { Strangers } from './strangers.ts';

/** Connections that come, and addresses that are dialled. */
export interface Linking {
  readonly targets: Map<string, Target>;
  /** Of the addresses of lost servers the few that are tried now, and how often others were. */
  sought: readonly string[];
  seeks: number;
  /** Whether a master, or this server as one, can be reached. */
  reachesMaster: boolean;
  /** Whether this server was lost when it last chose the addresses to dial. */
  wasLost: boolean;
  /** Whether there are several hosts, and no master among all that are known. */
  isWithoutMaster: boolean;
  /** All that were accepted, and which of them have not shaken hands. */
  readonly strangers: Strangers<ConnectionId>;
  /** The timings with which each differing server was last logged. */
  readonly pacesTold: Map<Name, string>;
}

/** Nobody has come yet, and nobody was dialled. */
export function createLinking(strangers: Strangers<ConnectionId>): Linking {
  return {
    targets: new Map(),
    sought: [],
    seeks: 0,
    reachesMaster: false,
    wasLost: true,
    isWithoutMaster: false,
    strangers,
    pacesTold: new Map(),
  };
}
