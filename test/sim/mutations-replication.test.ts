// The planted bugs of mutations-replication.ts, each of which must be noticed.

import { mutations } from './mutations-replication.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
