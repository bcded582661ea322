// The same with longer sleeps, for which a soak has the time.

import './sleep.test.ts';
