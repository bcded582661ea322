// The planted bugs of mutations-proof.ts, each of which must be noticed.

import { mutations } from './mutations-proof.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
