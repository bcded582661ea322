// The last line of .ci/run: the tests that passed, and those that did not (a skipped one has not)
// together with the steps of the gate that failed; the exit code says the same.

import { textOf } from './generated.mjs';

const failedSteps = Number(process.argv[2]);
const results = JSON.parse(textOf('.build/vitest.json') || '{"testResults":[]}');
const tests = results.testResults.flatMap((file) => file.assertionResults);
const passed = tests.filter((test) => test.status === 'passed').length;
const others = tests.filter((test) => test.status !== 'passed');

for (const test of others) console.log(`${test.status}: ${test.fullName}`);
const failed = others.length + failedSteps;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
