// The planted bugs of answers.ts, each of which must be noticed.

import { mutations } from './answers.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
