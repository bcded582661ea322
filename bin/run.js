#!/usr/bin/env node
// The installed program. The commands of dist/lean start in a few milliseconds, but take plain words
// only; what they decline goes to oclif, which knows the rest. CommonJS, because Node.js loads it
// sooner, and short, because it is compiled at every start.
'use strict';

const FILES_BY_COMMAND = {
  lookup: ['lookup', 'lookup-whole'],
  peers: ['peers'],
  register: ['register', 'register-whole'],
  serve: ['serve'],
  status: ['status'],
};

async function main([command, ...words]) {
  const files = Object.hasOwn(FILES_BY_COMMAND, command) ? FILES_BY_COMMAND[command] : [];
  for (const file of files) {
    if (await require(`../dist/lean/${file}.cjs`).run(words)) return;
  }
  const { main: runAll } = await import('../dist/cli/start/main.js');
  await runAll();
}

void main(process.argv.slice(2));
