// The planted bugs of mutations-reachability.ts, each of which must be noticed.

import { mutations } from './mutations-reachability.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
