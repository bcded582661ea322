// Whether any process still reads stdout. A program that prints only now and then notices a lost
// reader when it prints again, and until then a shell waits for `rarangi history --follow | head
// -1`. Node.js has no call for this, so on Linux we look for the processes that hold the other end
// of the pipe. The invariant: only a reader that was seen can be missed, because readers of other
// users are hidden from us.

import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Aborts when the last process that was seen to read the pipe at stdout has gone. */
export function readerGone(): AbortSignal {
  const gone = new AbortController();
  const pipe = pipeAtStdout();
  if (pipe === null) return gone.signal;
  let reader = readerOf(pipe);
  if (reader === null) return gone.signal;
  const timer = setInterval(() => {
    if (reader !== null && isReader(reader, pipe)) return;
    reader = readerOf(pipe);
    if (reader !== null) return;
    clearInterval(timer);
    gone.abort();
  }, INTERVAL_MS);
  timer.unref();
  return gone.signal;
}

/** The kernel's name of the pipe; null if stdout is none. */
function pipeAtStdout(): string | null {
  try {
    const { ino } = fstatSync(STDOUT);
    const name = `pipe:[${String(ino)}]`;
    return readlinkSync(`/proc/self/fd/${String(STDOUT)}`) === name ? name : null;
  } catch {
    // No stdout, or no /proc: a write will tell.
    return null;
  }
}

/** A descriptor of another process, as a path below /proc, that reads the pipe. */
function readerOf(pipe: string): string | null {
  const own = String(process.pid);
  const others = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== own);
  for (const pid of others) {
    const descriptors = namesIn(`/proc/${pid}/fd`);
    const found = descriptors.find((fd) => isReader(`${pid}/fd/${fd}`, pipe));
    if (found !== undefined) return `${pid}/fd/${found}`;
  }
  return null;
}

function isReader(descriptor: string, pipe: string): boolean {
  try {
    if (readlinkSync(`/proc/${descriptor}`) !== pipe) return false;
    const info = readFileSync(`/proc/${descriptor.replace('/fd/', '/fdinfo/')}`, 'utf8');
    return !/^flags:\s*\d*1$/m.test(info);
  } catch {
    // It has ended, or is not ours to look into.
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // The same.
    return [];
  }
}

const STDOUT = 1;
const INTERVAL_MS = 200;
