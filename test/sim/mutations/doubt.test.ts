// The planted bugs of doubt.ts, each of which must be noticed.

import { mutations } from './doubt.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
