// All seeds that ever found a fault.

import { allSeeds, testSeeds } from './seeds.ts';

testSeeds(allSeeds);
