// Keeps what Node.js has compiled of a command, for bin/run.js to find at the next start. Apart from
// it, for it is needed once. The invariant: a file that is there is whole, and of one command and one
// Node.js there is one: what was kept of an older file of dist/lean goes when that of a newer comes.
'use strict';

const { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { basename, dirname } = require('node:path');

/** Keeps it at `path` when the start is over: after a second, or at the end. */
exports.keepSoon = (script, path, place) => {
  const keep = () => {
    clearTimeout(timer);
    process.off('exit', keep);
    write(path, script.createCachedData());
    for (const name of namesIn(dirname(path))) {
      if (name.startsWith(place) && name !== basename(path)) remove(`${dirname(path)}/${name}`);
    }
  };
  const timer = setTimeout(keep, 1000).unref();
  process.on('exit', keep);
};

function write(path, code) {
  const draft = `${dirname(path)}/.${basename(path)}-${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // After a loss of power it is whole, or not there.
    writeFileSync(draft, Buffer.concat([code, code]), { mode: 0o600, flush: true });
    renameSync(draft, path);
  } catch {
    // No room, or no right to write: the next start compiles again.
    remove(draft);
  }
}

function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function remove(path) {
  try {
    rmSync(path, { force: true });
  } catch {
    // It was never there: what should be a folder is none.
  }
}
