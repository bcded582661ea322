// What the client's cores want done. They share the server's effects for connections and add one: a
// report, which the shell hands to the embedding program. Refusals are reported with both
// environments' names, because a refusal cannot be mended without them.

import type { ProtocolErrorName } from '../../protocol/errors.ts';
import { protocolErrorName } from '../../protocol/errors.ts';
import type { MessageOf } from '../../protocol/messages.ts';
import type { Close, Dial, Send, Stopped } from '../effect.ts';
import type { Input } from '../input.ts';

/** Tell the embedder. */
export interface Report<R> {
  readonly kind: 'report';
  readonly report: R;
}

/** Everything that a client may want done; `R` is what it reports. */
export type ClientEffect<R> = Send | Dial | Close | Report<R> | Stopped;

/** What can happen on a client's connections. */
export type ConnectionInput = Exclude<
  Input,
  { readonly kind: 'stop' | 'reload' | 'faulted' | 'addressed' | 'held' }
>;

/** The embedding program asks for the end. */
export interface Stop {
  readonly kind: 'stop';
  readonly nowMs: number;
}

/** Why a server refuses a request or a session. */
export interface Denial {
  readonly why: ProtocolErrorName;
  readonly reason: string;
}

/** Why an address gives no session, or refuses an offer, although somebody is there. */
export interface ContactDenial extends Denial {
  /** Whether this side gave the other end up. */
  readonly isOurs: boolean;
}

/** The latest denial at an address. */
export interface DenialAt extends ContactDenial {
  readonly address: string;
}

/** The meaning of an `error`; a code that a newer version has added is a refusal. */
export function denialOf({ error, reason }: MessageOf<'error'>): Denial {
  return { why: protocolErrorName(error) ?? 'refused', reason };
}

/** A server that refuses us, or that we refuse. */
export interface Refusal {
  readonly address: string;
  /** The environment that this client asked for. */
  readonly ours: string;
  /** The environment of the server; null if that was not the reason. */
  readonly theirs: string | null;
  readonly why: ProtocolErrorName;
  readonly reason: string;
}
