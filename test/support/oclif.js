// The program as oclif alone runs it, for comparison with bin/run.js.
import { main } from '../../dist/cli/start/main.js';

await main();
