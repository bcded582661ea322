// Who is where: the origins that a server knows by their hosts, and the masters among them, because
// with thousands of origins nobody should look at all of them to find two. The invariant: each
// origin of `State.origins` is filed here once, under the facts that its log gives now; origins.ts,
// where origins and their facts change, sees to that.

import type { Name, OriginId } from '../protocol/ids.ts';
import type { Facts } from '../protocol/records.ts';

/** What can be filed: an origin, of which only this matters here. */
interface Filed {
  readonly id: OriginId;
  readonly log: { readonly facts: Facts };
}

/** Origins by host and by role. */
export class Directory<O extends Filed> {
  readonly #hosts = new Map<Name, Set<O>>();
  readonly #masters = new Set<O>();
  readonly #filed = new Map<OriginId, Facts>();

  /** Files an origin under its facts, and no longer under those that it had before. */
  file(origin: O): void {
    const { facts } = origin.log;
    if (this.#filed.get(origin.id) === facts) return;
    this.drop(origin);
    this.#filed.set(origin.id, facts);
    const others = this.#hosts.get(facts.host);
    if (others === undefined) this.#hosts.set(facts.host, new Set([origin]));
    else others.add(origin);
    if (facts.role === 'master') this.#masters.add(origin);
  }

  /** Takes an origin out. */
  drop(origin: O): void {
    const facts = this.#filed.get(origin.id);
    if (facts === undefined) return;
    this.#filed.delete(origin.id);
    this.#masters.delete(origin);
    const others = this.#hosts.get(facts.host);
    others?.delete(origin);
    if (others?.size === 0) this.#hosts.delete(facts.host);
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
