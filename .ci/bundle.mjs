// dist/lean: the commands that shells and machines start by the hundred, each as one file, for
// reading a hundred small ones takes longer than running what is in them. In them oclif is replaced
// by src/cli/lean-oclif.ts, and what few runs need is either read when it is first used (chalk,
// picomatch) or left out: whatever the source imports by `import()`. A run that comes to such an
// import declines, and the file NAME-whole.cjs, which leaves out nothing, is asked. Run by
// `npm run build`; bin/run.js says who is asked when.

import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { build } from 'esbuild';

import { root } from './generated.mjs';

const folder = join(root, 'dist/lean');
const require = createRequire(import.meta.url);

const settings = {
  absWorkingDir: root,
  alias: {
    '@oclif/core': join(root, 'src/cli/lean-oclif.ts'),
    // Without the streams and the native part that it would look for.
    'cbor-x': join(require.resolve('cbor-x'), '../../index.js'),
  },
  bundle: true,
  external: ['listr2'],
  // A file of CommonJS is read without the loader for modules: 3 ms on Node.js 20.
  format: 'cjs',
  legalComments: 'none',
  // A stack is shown with the line it names.
  lineLimit: 120,
  logLevel: 'warning',
  minify: true,
  platform: 'node',
  target: 'node20.19',
};

/** Replaces a package by functions of the same names that load it when they are first called. */
const WHEN_USED = {
  chalk: `export function Chalk(...given) { return new (require('./chalk.cjs').Chalk)(...given); }`,
  picomatch: `export default (...given) => require('picomatch')(...given);`,
};

const whenUsed = {
  name: 'when-used',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(${Object.keys(WHEN_USED).join('|')})$`);
    onResolve({ filter, namespace: 'file' }, ({ path }) => ({ path, namespace: 'when-used' }));
    onResolve({ filter: /./, namespace: 'when-used' }, ({ path }) => ({ path, external: true }));
    onLoad({ filter, namespace: 'when-used' }, ({ path }) => ({ contents: WHEN_USED[path] }));
  },
};

/** Lets what is imported by `import()` decline; `found` is told. */
function leftOut(found) {
  return {
    name: 'left-out',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\./ }, ({ kind, path }) => {
        if (kind !== 'dynamic-import') return undefined;
        found();
        return { path, namespace: 'left-out' };
      });
      onLoad({ filter: /./, namespace: 'left-out' }, () => ({
        contents: `import { Declined } from './src/cli/lean-oclif.ts'; throw new Declined();`,
        resolveDir: root,
      }));
    },
  };
}

function entryOf(id) {
  const contents = `import Command from './src/commands/${id}.ts';
    import { runLean } from './src/cli/lean-main.ts';
    export const run = (words) => runLean(Command, { id: '${id}', words });`;
  return { contents, resolveDir: root };
}

rmSync(folder, { recursive: true, force: true });
await build({
  ...settings,
  stdin: { contents: `export { Chalk } from 'chalk';`, resolveDir: root },
  outfile: join(folder, 'chalk.cjs'),
});
for (const id of ['lookup', 'peers', 'register', 'status']) {
  const stdin = entryOf(id);
  let isWhole = true;
  const leaveOut = leftOut(() => {
    isWhole = false;
  });
  const outfile = join(folder, `${id}.cjs`);
  await build({ ...settings, stdin, outfile, plugins: [leaveOut, whenUsed] });
  // A declaration that lean-oclif.ts has no word for is noticed here, and by nobody who calls it.
  require(outfile);
  if (isWhole) continue;
  const whole = join(folder, `${id}-whole.cjs`);
  await build({ ...settings, stdin, outfile: whole, plugins: [whenUsed] });
  require(whole);
}
