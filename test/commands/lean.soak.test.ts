// All words, by the short way and by oclif; `npm test` has a third of them a day.

import { testWords, WORDS } from './lean.ts';

testWords(WORDS);
