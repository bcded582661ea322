// All planted bugs, each of which must be noticed.

import { allMutations } from './all.ts';
import { testMutations } from './mutations.ts';

testMutations(allMutations);
