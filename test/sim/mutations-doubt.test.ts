// The planted bugs of mutations-doubt.ts, each of which must be noticed.

import { mutations } from './mutations-doubt.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
