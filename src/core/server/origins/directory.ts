// Who is where: the origins that a server knows by their hosts, and the masters among them, because
// with thousands of origins nobody should look at all of them to find two. The invariant: each
// origin of `State.origins` is filed here once, under the facts that its log gives now; origins.ts,
// where origins and their facts change, sees to that.

import type { Name } from '../../../protocol/ids.ts';
import type { Facts } from '../../../protocol/records.ts';

/** What can be filed: an origin, of which only this matters here. */
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

  /** Files an origin under its facts, and no longer under those that it had before. */
  file(origin: O): void {
    const { facts } = origin.log;
    if (origin.filed === facts) return;
    this.drop(origin);
    origin.filed = facts;
    this.#hosts.set(facts.host, [...(this.#hosts.get(facts.host) ?? []), origin]);
    if (facts.role === 'master') this.#masters.add(origin);
  }

  /** Takes an origin out. */
  drop(origin: O): void {
    const facts = origin.filed;
    if (facts === null) return;
    origin.filed = null;
    this.#masters.delete(origin);
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
}

const NOBODY: readonly never[] = [];
