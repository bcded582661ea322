// The planted bugs of reachability.ts, each of which must be noticed.

import { mutations } from './reachability.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
