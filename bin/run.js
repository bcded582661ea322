#!/usr/bin/env node
// The installed program. The commands of dist/lean start in a few milliseconds, but take plain words
// only; what they decline goes to oclif, which knows the rest. CommonJS, for it is read sooner, and
// short, for it is compiled at every start; what was compiled of the commands is kept by keep.js.
// The invariant: what is kept is run, so it is read only from a folder in which nobody else can
// write; and it is undamaged, for this very file and this very Node.js, or compiled anew.
'use strict';

const { readFileSync, statSync } = process.getBuiltinModule('node:fs');
const { Script } = process.getBuiltinModule('node:vm');

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
    if (await load(file)(words)) return;
  }
  const { main: runAll } = await import('../dist/cli/start/main.js');
  await runAll();
}

/** The function that a file of dist/lean is. Its last line says the digest of all before. */
function load(file) {
  const filename = `${__dirname}/../dist/lean/${file}.cjs`;
  const source = readFileSync(filename, 'utf8');
  const place = `${file}-${process.version}-${process.arch}-`;
  const path = keepFolder === null ? null : `${keepFolder}/${place}${source.slice(-DIGEST_BYTES)}`;
  const cachedData = path === null ? undefined : kept(path);
  const script = new Script(source, { filename, cachedData });
  if (path !== null && script.cachedDataRejected !== false) {
    require('./keep.js').keepSoon(script, path, place);
  }
  return script.runInThisContext()(required, { exports: {} }, (name) => import(name));
}

/** As `require`, which takes longer to find what Node.js has itself. */
function required(name) {
  return process.getBuiltinModule(name) ?? require(name);
}

/**
 * What was kept at a path. It is there twice: Node.js would crash on what a disk has damaged, and
 * comparing takes less time than any sum.
 */
function kept(path) {
  try {
    const { buffer, byteOffset, length } = readFileSync(path);
    const code = new Uint8Array(buffer, byteOffset, length / 2);
    const again = new Uint8Array(buffer, byteOffset + code.length, code.length);
    return Buffer.compare(code, again) === 0 ? code : undefined;
  } catch {
    return undefined;
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
