// Which instances a service has. Of these ids there are as many as of registrations, so each service
// keeps them in an array, which takes a third of what a set takes and is filled in a fraction of the
// time (`npm run bench sync`). Who leaves is only counted, and taken out when somebody asks. The
// invariant: an array is never longer than twice what is in it and a little; whoever asks gets each
// id once, in their order, and none that has left.

import type { InstanceId } from '../../protocol/ids.ts';

/** What holds of instances at the moment. */
interface Rules {
  readonly isMember: (service: string, id: InstanceId) => boolean;
  readonly compare: (one: InstanceId, other: InstanceId) => number;
}

interface Members {
  count: number;
  /** All that are there, and some that are not, or twice. */
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

  /** One of a service's instances is none any more. */
  leave(service: string): void {
    const members = this.#services.get(service);
    if (members === undefined) return;
    members.count -= 1;
    if (members.count === 0) this.#services.delete(service);
    else this.#maybeTidy(service, members);
  }

  /** The ids of a service's instances, in their order; none for a service that nobody offers. */
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

/** So many may have left before it is worth a look. */
const SLACK = 16;
