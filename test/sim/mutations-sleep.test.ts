// The planted bugs of mutations-sleep.ts, each of which must be noticed.

import { mutations } from './mutations-sleep.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
