// Which instances a service has. There are as many of these ids as registrations, so each service
// keeps them in an array, which takes a third of the memory of a set and is filled in a fraction of
// the time (`npm run bench sync`). An id that leaves is only counted, and removed when the list is
// asked for. The invariant: an array is never much longer than twice the ids in it; the answer has
// each id once, in order, and none that has left.

import type { InstanceId } from '../../protocol/ids.ts';

/** The present facts about instances. */
interface Rules {
  readonly isMember: (service: string, id: InstanceId) => boolean;
  readonly compare: (one: InstanceId, other: InstanceId) => number;
}

interface Members {
  count: number;
  /** All ids, and some that have left or are there twice. */
  ids: InstanceId[];
}

/** The instances of all services. */
export class Membership {
  readonly #services = new Map<string, Members>();
  readonly #rules: Rules;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** A service has one instance more. */
  join(service: string, id: InstanceId): void {
    const members = this.#services.get(service);
    if (members === undefined) {
      this.#services.set(service, { count: 1, ids: [id] });
    } else {
      members.count += 1;
      members.ids.push(id);
      this.#maybeTidy(service, members);
    }
  }

  /** A service has one instance less. */
  leave(service: string): void {
    const members = this.#services.get(service);
    if (members === undefined) return;
    members.count -= 1;
    if (members.count === 0) this.#services.delete(service);
    else this.#maybeTidy(service, members);
  }

  /** The ids of a service's instances, in order; none for a service without instances. */
  of(service: string): readonly InstanceId[] {
    const members = this.#services.get(service);
    if (members === undefined) return [];
    this.#tidy(service, members);
    return members.ids;
  }

  /** The services that have any. */
  names(): string[] {
    return [...this.#services.keys()];
  }

  get size(): number {
    return this.#services.size;
  }

  #maybeTidy(service: string, members: Members): void {
    if (members.ids.length > 2 * members.count + SLACK) this.#tidy(service, members);
  }

  #tidy(service: string, members: Members): void {
    const { isMember, compare } = this.#rules;
    members.ids = members.ids
      .sort(compare)
      .filter((id, index, ids) => id !== ids[index - 1] && isMember(service, id));
  }
}

/** So many may have left before a clean-up pays. */
const SLACK = 16;
