#!/usr/bin/env node
// The installed program. The commands of dist/lean start in a few milliseconds, but take plain words
// only; what they decline goes to oclif, which knows the rest. CommonJS, for it is read sooner.
'use strict';

const { statSync } = require('node:fs');
const { enableCompileCache } = require('node:module');

const FILES_BY_COMMAND = {
  lookup: ['lookup', 'lookup-whole'],
  peers: ['peers'],
  register: ['register'],
  status: ['status'],
};

async function main([command, ...words]) {
  const files = Object.hasOwn(FILES_BY_COMMAND, command) ? FILES_BY_COMMAND[command] : [];
  const home = process.env.HOME;
  // Node.js 22.8 and newer: what was compiled once is kept.
  if (files.length > 0 && isOwn(home)) enableCompileCache?.(`${home}/.cache/rarangi`);
  for (const file of files) {
    if (await require(`../dist/lean/${file}.cjs`).run(words)) return;
  }
  const { main: runAll } = await import('../dist/cli/main.js');
  await runAll();
}

/** Whether nobody else can write there: what is kept is run, so under sudo it must not be found. */
function isOwn(folder) {
  const { uid, mode } = statSync(folder ?? '', { throwIfNoEntry: false }) ?? {};
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}

void main(process.argv.slice(2));
