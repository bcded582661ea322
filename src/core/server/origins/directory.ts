// An index of the known origins: by host, the masters among them, and the longest silence of all,
// because with thousands of origins no code should look at all of them to find two. The invariant:
// each origin of `State.origins` is filed here once, under the present facts of its log;
// origins.ts, where origins and their facts change, ensures that.

import { LINK_SILENCE_MS } from '../../../protocol/constants.ts';
import type { Name } from '../../../protocol/ids.ts';
import type { Facts } from '../../../protocol/records.ts';

/** The part of an origin that matters here. */
interface Filed {
  readonly log: { readonly facts: Facts };
  /** The facts under which it is filed. */
  filed: Facts | null;
}

/** Origins by host and by role. */
export class Directory<O extends Filed> {
  /** Lists of a server or two, never changed, only replaced. */
  readonly #hosts = new Map<Name, readonly O[]>();
  readonly #masters = new Set<O>();
  /** How many origins have which silence. */
  readonly #silences = new Map<number, number>();
  #longestSilenceMs = LINK_SILENCE_MS;

  /** Files an origin under its facts, and no longer under those that it had before. */
  file(origin: O): void {
    const { facts } = origin.log;
    if (origin.filed === facts) return;
    this.drop(origin);
    origin.filed = facts;
    this.#hosts.set(facts.host, [...(this.#hosts.get(facts.host) ?? []), origin]);
    if (facts.role === 'master') this.#masters.add(origin);
    this.#count(facts, 1);
  }

  /** Takes an origin out. */
  drop(origin: O): void {
    const facts = origin.filed;
    if (facts === null) return;
    origin.filed = null;
    this.#masters.delete(origin);
    this.#count(facts, -1);
    const others = this.#hosts.get(facts.host)?.filter((other) => other !== origin) ?? [];
    if (others.length === 0) this.#hosts.delete(facts.host);
    else this.#hosts.set(facts.host, others);
  }

  /** The servers of a host, in the order in which they became known. */
  ofHost(host: Name): Iterable<O> {
    return this.#hosts.get(host) ?? NOBODY;
  }

  /** The masters, in the order in which they became known. */
  get masters(): Iterable<O> {
    return this.#masters;
  }

  /** The longest silence of all origins, and the usual one at least. */
  get longestSilenceMs(): number {
    return this.#longestSilenceMs;
  }

  #count({ silenceMs = LINK_SILENCE_MS }: Facts, change: 1 | -1): void {
    const count = (this.#silences.get(silenceMs) ?? 0) + change;
    if (count > 0) this.#silences.set(silenceMs, count);
    else this.#silences.delete(silenceMs);
    const longestMs = this.#longestSilenceMs;
    if (silenceMs > longestMs) this.#longestSilenceMs = silenceMs;
    else if (silenceMs === longestMs && count === 0) {
      this.#longestSilenceMs = Math.max(LINK_SILENCE_MS, ...this.#silences.keys());
    }
  }
}

const NOBODY: readonly never[] = [];
