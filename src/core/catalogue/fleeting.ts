// Instances that came and went at once. A link that has lagged brings the whole life of an instance
// in one message: a client that heard of it would use an instance that is dead already. The
// invariant: the remaining changes keep their order, and those of instances from before the step
// are never left out.

import type { InstanceId } from '../../protocol/ids.ts';
import type { Change } from './catalogue.ts';

/** The changes of a step, without the lives that began and ended in it. */
export function lastingOf(changes: readonly Change[]): readonly Change[] {
  if (changes.length < 2) return changes;
  const fleeting = new Set<Change>();
  const lives = new Map<InstanceId, Change[]>();
  for (const each of changes) {
    const { instance: id } = each.instance.registration;
    if (each.change === 'added') lives.set(id, []);
    const life = lives.get(id);
    if (life === undefined) continue;
    life.push(each);
    if (each.change !== 'removed') continue;
    for (const one of life) fleeting.add(one);
    lives.delete(id);
  }
  return fleeting.size === 0 ? changes : changes.filter((each) => !fleeting.has(each));
}
