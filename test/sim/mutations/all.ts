// All planted bugs.

import { mutations as answers } from './answers.ts';
import { mutations as doubt } from './doubt.ts';
import { mutations as driver } from './driver.ts';
import { mutations as hostile } from './hostile.ts';
import type { Mutation } from './mutations.ts';
import { mutations as news } from './news.ts';
import { mutations as proof } from './proof.ts';
import { mutations as reachability } from './reachability.ts';
import { mutations as replication } from './replication.ts';
import { mutations as sleep } from './sleep.ts';
import { mutations as upgrade } from './upgrade.ts';

/** Each with the story that must notice it. */
export const allMutations: readonly Mutation[] = [
  answers,
  doubt,
  driver,
  hostile,
  news,
  proof,
  reachability,
  replication,
  sleep,
  upgrade,
].flat();
