// The sleepers again, with longer sleeps, for which a soak has the time.

import './sleep.ts';
