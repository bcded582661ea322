// A terminal at which commands of the built program are typed one after another: it reads their
// words as lines of JSON and answers each with what was printed and the exit code. One process for
// many commands, because starting one costs more than what it asks, and there are thousands.

import { createInterface } from 'node:readline';

import { Config, run } from '@oclif/core';

import { streamOf } from '../../dist/cli/output.js';

const config = await Config.load(new URL('../../dist/cli/start/main.js', import.meta.url).href);
const print = process.stdout.write.bind(process.stdout);
const printed = { stdout: '', stderr: '' };

for (const name of ['stdout', 'stderr']) {
  // Once its stream is in use, nothing goes past it.
  streamOf(name).write = (text) => {
    printed[name] += text;
    return true;
  };
}

print('{"terminal":"ready"}\n');
for await (const line of createInterface({ input: process.stdin })) {
  const { question, words } = JSON.parse(line);
  Object.assign(printed, { stdout: '', stderr: '' });
  process.exitCode = 0;
  await run(words, config);
  print(`${JSON.stringify({ question, code: process.exitCode, ...printed })}\n`);
}
