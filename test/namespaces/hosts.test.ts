// All that is tried with six hosts, in one file, so that they are started once.

import './cables.ts';
import './late.ts';
import './masters.ts';
import './sleep.ts';
import './upgrade.ts';
