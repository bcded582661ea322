// Instances that their services have given up, and at which revision. One invariant: none is shown
// again at that revision, though older news may name it later; only the latest ones are remembered.

import type { InstanceId } from '../../protocol/ids.ts';
import { AgingMap } from '../kit/aging.ts';

/** The instances that were given up. */
export class GivenUp {
  readonly #revisions = new AgingMap<InstanceId, number>();

  /** An instance was given up at this revision. */
  note(instance: InstanceId, revision: number): void {
    this.#revisions.set(instance, revision);
    this.#revisions.dropOldest(() => this.#revisions.size > MAX);
  }

  /** Whether an instance is over at this revision. */
  isOver(instance: InstanceId, revision: number): boolean {
    return revision < this.nextRevisionOf(instance);
  }

  /** The first revision at which an instance may be offered anew; 0 if it was not given up. */
  nextRevisionOf(instance: InstanceId): number {
    return (this.#revisions.get(instance) ?? -1) + 1;
  }
}

/** As many as a large deployment gives up while the slowest news is on its way. */
const MAX = 16_384;
