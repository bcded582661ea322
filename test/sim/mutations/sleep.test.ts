// The planted bugs of sleep.ts, each of which must be noticed.

import { mutations } from './sleep.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
