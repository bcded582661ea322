// Two things are made of src besides what tsc makes of it, and both are about starts: reading a hundred
// small files takes longer than running what is in them. The library is written over that of tsc as one
// file, with what it loads when that is used in dist/shared.
//
// dist/lean: the commands that shells and machines start by the hundred, each as one file. In them
// oclif is replaced by src/cli/start/lean-oclif.ts, and what few runs need is either read when it is
// first used (chalk) or left out: whatever the source imports by `import()`. A run that comes to such
// an import declines, and the file NAME-whole.cjs, which leaves out nothing, is asked. The doors of a
// server are files of their own, loaded when they open. Run by `npm run build`; bin/run.js says who
// is asked when.

import { readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { build } from 'esbuild';

import { root } from './generated.mjs';

const folder = join(root, 'dist/lean');
const require = createRequire(import.meta.url);

const settings = {
  absWorkingDir: root,
  // Files beside the code are found from there: see src/io/doors/http-page.ts.
  define: { 'import.meta.dirname': '__dirname' },
  alias: {
    '@oclif/core': join(root, 'src/cli/start/lean-oclif.ts'),
    // Reading cbor-x takes longer than the three messages of a command.
    'cbor-x': join(root, 'src/protocol/lean-cbor.ts'),
  },
  bundle: true,
  external: ['listr2'],
  // A file of CommonJS is read without the loader for modules: 3 ms on Node.js 20.
  format: 'cjs',
  legalComments: 'none',
  // A stack is shown with the line it names.
  lineLimit: 120,
  metafile: true,
  logLevel: 'warning',
  minify: true,
  platform: 'node',
  target: 'node20.19',
};

/** A server decodes for months, and oclif would take more of its memory than a thousand services. */
const SERVER = {
  alias: { '@oclif/core': settings.alias['@oclif/core'] },
  external: [...settings.external, 'cbor-x'],
};

/** What is loaded when it is first used, and as which file or package. */
const WHEN_USED = {
  chalk: './chalk.cjs',
  // Of Node.js itself: what a plain run has no need of. crypto alone takes 3 ms.
  ...Object.fromEntries(
    [
      'child_process',
      'crypto',
      'fs/promises',
      'http',
      'os',
      'timers/promises',
      'tls',
      'tty',
      'util',
    ]
      .map((name) => `node:${name}`)
      .map((name) => [name, name]),
  ),
};

/** Replaces such a module by one with the same names: functions and classes that load it. */
const whenUsed = {
  name: 'when-used',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(${Object.keys(WHEN_USED).join('|')})$`);
    onResolve({ filter, namespace: 'file' }, ({ path }) => ({ path, namespace: 'when-used' }));
    onResolve({ filter: /./, namespace: 'when-used' }, ({ path }) => ({ path, external: true }));
    onLoad({ filter, namespace: 'when-used' }, async ({ path }) => ({
      contents: Object.entries(await import(path))
        .filter(([name, value]) => name !== 'default' || typeof value === 'function')
        .map(([name, value]) => standInFor(name, { value, from: WHEN_USED[path] }))
        .join(''),
    }));
  },
};

/** Each is left out where nobody imports it. */
function standInFor(name, { value, from }) {
  const real = `require('${from}')${name === 'default' ? '' : `.${name}`}`;
  if (typeof value !== 'function') {
    return `export const ${name} = /* @__PURE__ */ new Proxy({}, { get: (_, key) => ${real}[key] });`;
  }
  const called = `new.target ? new (${real})(...given) : ${real}(...given)`;
  return `export ${name === 'default' ? 'default function' : `function ${name}`}(...given) { return ${called}; }`;
}

/** Lets what is imported by `import()` decline. */
const leftOut = {
  name: 'left-out',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\./ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, namespace: 'left-out' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'left-out' }, () => ({
      contents: `import { Declined } from './src/cli/start/lean-oclif.ts'; throw new Declined();`,
      resolveDir: root,
    }));
  },
};

/** Where doors are, each in a module of this form. */
const doorsFolder = join(root, 'src/io/doors');
const DOOR_PATTERN = /^(?:\.\/)?(\w+-door)\.ts$/;

/**
 * Lets a door that a server opens be loaded from its own file, by require(): import() would bring the
 * loader for modules along, which takes 8 MB of memory.
 */
const doorsApart = {
  name: 'doors-apart',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: DOOR_PATTERN, namespace: 'file' }, ({ kind, path }) => {
      if (kind !== 'dynamic-import') return undefined;
      return { path: path.replace(DOOR_PATTERN, './$1.cjs'), namespace: 'door' };
    });
    onResolve({ filter: /./, namespace: 'door' }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /./, namespace: 'door' }, ({ path }) => ({
      contents: `module.exports = require('${path}');`,
    }));
  },
};

function entryOf(id) {
  const contents = `import Command from './src/commands/${id}.ts';
    import { runLean } from './src/cli/start/lean-main.ts';
    export const run = (words) => runLean(Command, { id: '${id}', words });`;
  return { contents, resolveDir: root };
}

rmSync(folder, { recursive: true, force: true });
rmSync(join(root, 'dist/shared'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  bundle: true,
  chunkNames: 'shared/[name]-[hash]',
  entryPoints: ['src/index.ts'],
  format: 'esm',
  logLevel: 'warning',
  outbase: 'src',
  outdir: 'dist',
  packages: 'external',
  platform: 'node',
  splitting: true,
  target: settings.target,
});
await build({
  ...settings,
  stdin: { contents: `export { Chalk } from 'chalk';`, resolveDir: root },
  outfile: join(folder, 'chalk.cjs'),
});
for (const id of ['history', 'lookup', 'peers', 'register', 'serve', 'status']) {
  const stdin = entryOf(id);
  const server = id === 'serve' ? SERVER : {};
  const plugins = [doorsApart, leftOut, whenUsed];
  const inputs = await buildCommand(id, { ...server, stdin, plugins });
  if (!inputs.some((path) => path.startsWith('left-out:'))) continue;
  await buildCommand(`${id}-whole`, { ...server, stdin, plugins: [doorsApart, whenUsed] });
}
for (const file of readdirSync(doorsFolder).filter((name) => DOOR_PATTERN.test(name))) {
  const entryPoints = [join(doorsFolder, file)];
  await buildCommand(file.replace('.ts', ''), { entryPoints, plugins: [whenUsed] });
}

/** Writes the bundle of a command. Returns what it was made of. */
async function buildCommand(name, given) {
  const outfile = join(folder, `${name}.cjs`);
  const { metafile } = await build({ ...settings, ...given, outfile });
  // A declaration that lean-oclif.ts has no word for is noticed here, and by nobody who calls it.
  require(outfile);
  return Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
}
