// Which session watches which service. The cost of a change must depend on its watchers alone, not
// on the watches of other services, of which a server may have a million. The invariant: what a
// session watches is in the list of its service, and nowhere else: both are written here alone.

import type { Name } from '../../../protocol/ids.ts';
import type { ConnectionId } from '../../input.ts';
import type { Account } from '../../kit/account.ts';
import { ChargedMap } from '../../kit/account.ts';
import type { Watch } from '../entities.ts';

/** A watch, and whom its changes are sent to. */
export interface WatchEntry {
  readonly to: ConnectionId;
  readonly request: number;
  readonly watch: Watch;
}

/** The watches of all sessions, by their service. */
export class Watchers {
  readonly #byService = new Map<Name, Map<ConnectionId, Map<number, WatchEntry>>>();

  has(service: Name): boolean {
    return this.#byService.has(service);
  }

  /** The sessions that watch a service: those with the fewest watches of it come first. */
  sessionsOf(service: Name, isAsked: (id: ConnectionId) => boolean): ConnectionId[] {
    const sessions = [...(this.#byService.get(service) ?? [])].filter(([id]) => isAsked(id));
    return sessions.sort(([, one], [, other]) => one.size - other.size).map(([id]) => id);
  }

  /** The watches that a session has of a service. */
  ofSession(service: Name, id: ConnectionId): readonly WatchEntry[] {
    return [...(this.#byService.get(service)?.get(id)?.values() ?? [])];
  }

  add(watcher: WatchEntry): void {
    const { service } = watcher.watch;
    const sessions =
      this.#byService.get(service) ?? new Map<ConnectionId, Map<number, WatchEntry>>();
    const own = sessions.get(watcher.to) ?? new Map<number, WatchEntry>();
    this.#byService.set(service, sessions.set(watcher.to, own.set(watcher.request, watcher)));
  }

  remove({ to, request, watch: { service } }: WatchEntry): void {
    const sessions = this.#byService.get(service);
    const own = sessions?.get(to);
    own?.delete(request);
    if (own?.size === 0) sessions?.delete(to);
    if (sessions?.size === 0) this.#byService.delete(service);
  }
}

/** The watches of one session, by the request that began each. */
export class Watches extends ChargedMap<number, Watch> {
  readonly #all: Watchers;
  readonly #to: ConnectionId;

  constructor(held: Account, all: Watchers, to: ConnectionId) {
    super(held, ({ bytes }) => bytes);
    this.#all = all;
    this.#to = to;
  }

  override set(request: number, watch: Watch): this {
    this.#leave(request);
    this.#all.add({ to: this.#to, request, watch });
    return super.set(request, watch);
  }

  override delete(request: number): boolean {
    this.#leave(request);
    return super.delete(request);
  }

  override clear(): void {
    for (const request of this.keys()) this.#leave(request);
    super.clear();
  }

  #leave(request: number): void {
    const watch = this.get(request);
    if (watch !== undefined) this.#all.remove({ to: this.#to, request, watch });
  }
}
