#!/usr/bin/env node
// The installed program. The commands of dist/lean start in a few milliseconds, but take plain words
// only; what they decline goes to oclif, which knows the rest. CommonJS, for it is read sooner.
// What Node.js has compiled of them is kept for the next start. The invariant: what is kept is run,
// so it is read only from a folder in which nobody else can write; and it is undamaged, for this very
// file and this very Node.js, or compiled anew.
'use strict';

const { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const FILES_BY_COMMAND = {
  lookup: ['lookup', 'lookup-whole'],
  peers: ['peers', 'peers-whole'],
  register: ['register', 'register-whole'],
  serve: ['serve'],
  status: ['status', 'status-whole'],
};

async function main([command, ...words]) {
  const files = Object.hasOwn(FILES_BY_COMMAND, command) ? FILES_BY_COMMAND[command] : [];
  for (const file of files) {
    if (await load(file)(words)) return;
  }
  const { main: runAll } = await import('../dist/cli/main.js');
  await runAll();
}

/** The function that a file of dist/lean is. Its last line says the digest of all before. */
function load(file) {
  const filename = `${__dirname}/../dist/lean/${file}.cjs`;
  const source = readFileSync(filename, 'utf8');
  const digest = source.slice(-DIGEST_BYTES);
  const place = `${file}-${process.version}-${process.arch}`;
  const cachedData = kept(place, digest);
  const script = new Script(source, { filename, cachedData });
  if (cachedData === undefined || script.cachedDataRejected) keepSoon(script, place, digest);
  return script.runInThisContext()(require, { exports: {} }, (name) => import(name));
}

/**
 * What was kept of a file with this digest. It is there twice: Node.js would crash on what a disk has
 * damaged, and comparing takes less time than any sum.
 */
function kept(place, digest) {
  if (keepFolder === null) return undefined;
  let data;
  try {
    data = readFileSync(`${keepFolder}/${place}`);
  } catch {
    return undefined;
  }
  const end = Math.max(data.length - DIGEST_BYTES, 0);
  const code = data.subarray(0, end / 2);
  const isWhole = code.equals(data.subarray(end / 2, end));
  return isWhole && data.toString('latin1', end) === digest ? code : undefined;
}

/** Keeps what has been compiled when the start is over: after a second, or at the end. */
function keepSoon(script, place, digest) {
  if (keepFolder === null) return;
  const keep = () => {
    clearTimeout(timer);
    process.off('exit', keep);
    const draft = `${keepFolder}/.${place}-${process.pid}`;
    const code = script.createCachedData();
    const data = Buffer.concat([code, code, Buffer.from(digest)]);
    try {
      mkdirSync(keepFolder, { recursive: true, mode: 0o700 });
      // After a loss of power it is whole, or not there.
      writeFileSync(draft, data, { mode: 0o600, flush: true });
      renameSync(draft, `${keepFolder}/${place}`);
    } catch {
      // No room, or no right to write: the next start compiles again.
      remove(draft);
    }
  };
  const timer = setTimeout(keep, 1000).unref();
  process.on('exit', keep);
}

function remove(path) {
  try {
    rmSync(path, { force: true });
  } catch {
    // It was never there: what should be a folder is none.
  }
}

/** Where it is kept; null where others could write, as under sudo, or it is not wanted. */
function folder() {
  const { HOME: home = '', NODE_DISABLE_COMPILE_CACHE: isUnwanted } = process.env;
  if (home === '' || isUnwanted === '1') return null;
  try {
    const { uid, mode } = statSync(home);
    const isOurs = uid === process.geteuid?.() && (mode & 0o022) === 0;
    return isOurs ? `${home}/.cache/rarangi` : null;
  } catch {
    return null;
  }
}

const DIGEST_BYTES = 64;

const keepFolder = folder();

void main(process.argv.slice(2));
