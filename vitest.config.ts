// How the tests run: `npm test` is everything but the soak tests, whose files end in
// `.soak.test.ts` and which run alone with RARANGI_TEST_SOAK=1. Real processes and real clocks
// share two cores with each other, hence the generous timeouts; no test may rely on them.

import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const isSoak = process.env['RARANGI_TEST_SOAK'] === '1';
// Where to leave the results as JSON, for .ci/run to count.
const results = process.env['RARANGI_TEST_RESULTS'];
// Programs that are not ours ask: `npm run test:clients`.
const isClients = process.env['RARANGI_TEST_CLIENTS'] === '1';
const clientTests = 'test/clients/**/*.test.ts';
const soakTests = 'test/**/*.soak.test.ts';
// Rooms without sockets, processes and globals: their files share a worker, and load its code once.
const pureTests = 'test/{answers,core,doors,page,properties,protocol,transcripts}/**/*.test.ts';
// The files that take longest. They begin first, in this order, for the last one must not run alone;
// those that wait stand between those that compute.
const LONGEST = [
  'namespaces/hosts',
  'sim/scenarios',
  'sim/mutations/mutations',
  'namespaces/address',
  'commands/history-hosts',
  'commands/history',
  'sim/seeds',
  'commands/history-ring',
  'commands/convergence',
  'namespaces/lossy',
  'package/package',
  'commands/lean',
  'hostile/http',
  'commands/locked',
  'commands/lookup-command',
  'hostile/hostile',
  'properties/parts',
  'sim/scale/scale',
  'commands/rotation',
  'commands/http-restarts',
  'commands/cluster',
  'commands/restart-pair',
  'commands/flap',
].map((name) => `test/${name}.test.ts`);
const allTests = 'test/**/*.test.ts';
const kinds: NonNullable<TestProjectInlineConfiguration['test']>[] = isClients
  ? [{ name: 'clients', include: [clientTests] }]
  : isSoak
    ? [{ name: 'soak', include: [soakTests], exclude: [clientTests] }]
    : [
        { name: 'pure', include: [pureTests], exclude: [soakTests], isolate: false },
        { name: 'whole', include: [allTests], exclude: [soakTests, clientTests, pureTests] },
      ];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: kinds.map((test) => ({ extends: true, test })),
    // What oclif writes must reach the streams that the tests look at.
    disableConsoleIntercept: true,
    // Most of them wait for processes most of the time.
    maxWorkers: 3,
    // A browser takes its time to start.
    testTimeout: isSoak ? 3_600_000 : isClients ? 300_000 : 60_000,
    hookTimeout: 60_000,
    // As long as for a line of a process: a second is short on a busy machine.
    expect: { poll: { timeout: 20_000, interval: 20 } },
    reporters: results === undefined ? ['default'] : ['default', ['json', { outputFile: results }]],
    coverage: {
      enabled: process.env['RARANGI_TEST_COVERAGE'] === '1',
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'lcovonly'],
      // Of the tests without processes: those of the shell and the commands have processes of their
      // own, where nothing is counted.
      thresholds: { 'src/{core,protocol}/**': { lines: 90, branches: 80 } },
    },
  },
});
