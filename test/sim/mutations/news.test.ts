// The planted bugs of news.ts, each of which must be noticed.

import { mutations } from './news.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
