// The planted bugs of mutations-news.ts, each of which must be noticed.

import { mutations } from './mutations-news.ts';
import { testMutations } from './mutations.ts';

testMutations(mutations);
