// The planted bugs of replication.ts, each of which must be noticed.

import { mutations } from './replication.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
