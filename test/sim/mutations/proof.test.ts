// The planted bugs of proof.ts, each of which must be noticed.

import { mutations } from './proof.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
