// The state of this server itself: whether it stops, sleeps or wakes, which bugs it met, which
// places of its host it cannot have. The invariant: `hasLeft` is the end; nothing else here keeps
// it from serving its clients.

import type { OriginId } from '../../protocol/ids.ts';
import type { Message } from '../../protocol/messages.ts';
import { AgingMap } from '../kit/aging.ts';
import type { HeldPlace } from '../input.ts';
import type { LimitName } from './limits.ts';

/** The life of this server. */
export interface Life {
  isStopping: boolean;
  /** When a stopping server waits no longer for its sibling. */
  leaveMs: number;
  hasLeft: boolean;
  /** After a long sleep, the questions of clients while their news is taken in: see sleep.ts. */
  waiting: (() => void)[] | null;
  /** Bugs that were met, and when one of them was nobody's doing: see recovery.ts. */
  faultsCount: number;
  faultedMs: number;
  isSecondFault: boolean;
  /** It stops because it met the second such bug within a minute. */
  isFailing: boolean;
  /** Servers that get no link, and until when: their input met a bug of ours. */
  readonly barred: Map<OriginId, number>;
  /** The machine has lost the address that this server has bound or advertises. */
  isAddressGone: boolean;
  /** Where doors of this server should be, and other programs are. */
  heldPlaces: readonly HeldPlace[];
  /** When each limit was last logged, and how often it was reached since. */
  readonly limitsTold: Map<LimitName, { readonly atMs: number; times: number }>;
  /** Messages of which one was longer than a frame: each kind is logged once. */
  readonly tooLongTold: Set<Message['kind']>;
  /** When a server that fails last logged a bug. */
  failureToldMs: number;
  /** What operators have asked to forget, and when, the latest last: see forget-tokens.ts. */
  readonly forgetTokens: AgingMap<string, { readonly atMs: number; readonly isOwn: boolean }>;
}

/** One that has only begun. */
export function createLife(): Life {
  return {
    isStopping: false,
    leaveMs: Infinity,
    hasLeft: false,
    waiting: null,
    faultsCount: 0,
    faultedMs: -Infinity,
    isSecondFault: false,
    isFailing: false,
    barred: new Map(),
    isAddressGone: false,
    heldPlaces: [],
    limitsTold: new Map(),
    tooLongTold: new Set(),
    failureToldMs: -Infinity,
    forgetTokens: new AgingMap(),
  };
}
