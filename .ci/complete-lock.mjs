// Puts into package-lock.json the optional packages for other platforms that `npm install` leaves
// out when the registry at hand does not hold them; `npm ci` refuses a lock without them. Run it
// after every `npm install`. Nothing of another platform is ever fetched, so the version suffices.

import { settle, textOf } from './generated.mjs';

// `linux-x64-gnu` at the end of a name: the system, the processor, and sometimes the C library.
const PLATFORM =
  /-(?<os>android|darwin|freebsd|linux|openharmony|win32)-(?<cpu>arm64|arm|ia32|ppc64|riscv64|s390x|x64)(?:-(?<libc>gnu|musl)[a-z]*|-[a-z]+)?$/;
const LIBC = { gnu: 'glibc', musl: 'musl' };

const lock = JSON.parse(textOf('package-lock.json'));
const { packages } = lock;

for (const [path, parent] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const { os, cpu, libc } = PLATFORM.exec(name)?.groups ?? {};
    const isThere =
      `node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages;
    if (os === undefined || isThere) continue;
    packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(parent.dev === true && { dev: true }),
      ...(libc !== undefined && os === 'linux' && { libc: [LIBC[libc]] }),
      optional: true,
      os: [os],
    };
  }
}

const byPath = ([one], [other]) => (one < other ? -1 : one > other ? 1 : 0);
lock.packages = Object.fromEntries(Object.entries(packages).sort(byPath));
settle([['package-lock.json', `${JSON.stringify(lock, null, 2)}\n`]]);
