#!/bin/sh
':' /* The installed program: sh reads it up to the last exec, Node.js from behind it. At its start
# Node.js forgets which signals are ignored and which descriptors were open, it obeys NODE_OPTIONS,
# and this shell drops variables whose names it does not accept. So all of that is kept in variables,
# in full for a wrapped command; the part for Node.js removes them again. The invariant: process.env
# is exactly the environment that rarangi was started with.
unset RARANGI_START_IGNORED RARANGI_START_ENVIRONMENT RARANGI_START_OPEN RARANGI_START_OPTIONS
unset RARANGI_START_KEY RARANGI_START_VALUE RARANGI_START_WORD RARANGI_START_WRAPS
unset RARANGI_START_CLOSED
# Node.js opens /dev/null where stdout is closed.
if [ -e /proc/$$/fd ] && ! [ -e /proc/$$/fd/1 ]; then export RARANGI_START_CLOSED=1; fi
if [ -r /proc/$$/status ]; then
  while read -r RARANGI_START_KEY RARANGI_START_VALUE; do
    case $RARANGI_START_KEY in
      SigIgn:) export RARANGI_START_IGNORED="$RARANGI_START_VALUE"; break ;;
    esac
  done < /proc/$$/status
fi
case $1 in
  register | lookup)
    for RARANGI_START_WORD do
      if [ "$RARANGI_START_WORD" = -- ]; then RARANGI_START_WRAPS=$1; break; fi
    done ;;
esac
if [ -n "$RARANGI_START_WRAPS" ]; then
  for RARANGI_START_WORD in /proc/$$/fd/*; do
    if [ -e "$RARANGI_START_WORD" ] && ! [ "$RARANGI_START_WORD" -ef "$0" ]; then
      export RARANGI_START_OPEN="$RARANGI_START_OPEN ${RARANGI_START_WORD#/proc/$$/fd/}"
    fi
  done
  RARANGI_START_VALUE=$(od -An -v -tx1 /proc/$$/environ 2> /dev/null | tr -d ' \n')
  case ${#RARANGI_START_VALUE} in
    # One variable may have 128 kB.
    ??????*) ;;
    *) export RARANGI_START_ENVIRONMENT="$RARANGI_START_VALUE" ;;
  esac
  if [ "$RARANGI_START_WRAPS" = register ] && [ -n "$NODE_OPTIONS" ]; then
    export RARANGI_START_OPTIONS="$NODE_OPTIONS"
    unset NODE_OPTIONS
  fi
fi
exec node "$0" "$@"
*/
// The commands of dist/lean start in a few milliseconds, but take plain words only; a line that
// they decline goes to oclif, which knows the rest. CommonJS, because Node.js loads it sooner, and
// short, because it is compiled at every start.
'use strict';

// Else a user who may send this process a signal could make it open a debugger to all of the host.
process.on('SIGUSR1', () => undefined);
// Looking for it takes 2 ms: only those that stay by nature look at once.
const looksMs = ['register', 'serve'].includes(process.argv[2]) ? [20, 200] : [200];
for (const delayMs of looksMs) setTimeout(closeDebugger, delayMs).unref();

const FILES_BY_COMMAND = {
  history: ['history'],
  lookup: ['lookup', 'lookup-whole'],
  peers: ['peers'],
  register: ['register', 'register-whole'],
  serve: ['serve'],
  status: ['status'],
};

/** Closes the debugger that the signal opened before the first line, unless it was asked for. */
function closeDebugger() {
  const words = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  const inspector = process.getBuiltinModule('node:inspector');
  if (inspector.url() !== undefined && !words.includes('--inspect')) inspector.close();
}

async function main([command, ...words]) {
  takeStart(process.env);
  const files = Object.hasOwn(FILES_BY_COMMAND, command) ? FILES_BY_COMMAND[command] : [];
  for (const file of files) {
    if (await require(`../dist/lean/${file}.cjs`).run(words)) return;
  }
  const { main: runAll } = await import('../dist/cli/start/main.js');
  await runAll();
}

/** Puts the environment back as it was; src/sidecar/inherited.ts uses the rest. */
function takeStart(env) {
  const { RARANGI_START_IGNORED: ignored = '0', RARANGI_START_OPEN: open = '' } = env;
  const { RARANGI_START_ENVIRONMENT: environment, RARANGI_START_OPTIONS: options } = env;
  const isStdoutClosed = env.RARANGI_START_CLOSED !== undefined;
  for (const name of ['IGNORED', 'OPEN', 'ENVIRONMENT', 'OPTIONS', 'CLOSED']) {
    Reflect.deleteProperty(env, `RARANGI_START_${name}`);
  }
  if (options !== undefined) env.NODE_OPTIONS = options;
  if (environment) restore(env, Buffer.from(environment, 'hex').toString().split('\0'));
  if (!/[^0]/.test(ignored) && open === '' && !isStdoutClosed) return;
  globalThis[Symbol.for('rarangi.start')] = { ignored, open, isStdoutClosed };
  // Ignored signals stay ignored, even if a handler is added. HUP, INT, QUIT, USR2, ALRM, TERM,
  // TSTP.
  for (const signal of [1, 2, 3, 12, 14, 15, 20]) {
    if ((BigInt(`0x${ignored}`) >> BigInt(signal - 1)) & 1n) process.on(NAMES[signal], () => undefined);
  }
}

function restore(env, entries) {
  const before = new Map();
  for (const entry of entries) {
    const at = entry.indexOf('=', 1);
    if (at > 0 && !before.has(entry.slice(0, at))) before.set(entry.slice(0, at), entry.slice(at + 1));
  }
  for (const name of Object.keys(env)) if (!before.has(name)) Reflect.deleteProperty(env, name);
  for (const [name, value] of before) if (env[name] !== value) env[name] = value;
}

const NAMES = {
  ...{ 1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 12: 'SIGUSR2' },
  ...{ 14: 'SIGALRM', 15: 'SIGTERM', 20: 'SIGTSTP' },
};

void main(process.argv.slice(2));
