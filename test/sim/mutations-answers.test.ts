// The planted bugs of mutations-answers.ts, each of which must be noticed.

import { mutations } from './mutations-answers.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
