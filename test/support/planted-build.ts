// The program with bugs planted in it: a bundle of changed sources in a folder of the test. The
// sources themselves know nothing of it, and have no switch for it.

import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Edit } from '../sim/mutations/mutant.ts';
import { changedSources } from '../sim/mutations/mutant.ts';

const root = join(import.meta.dirname, '../..');

/** Builds `rarangi serve` with these changes; returns the words that start it. */
export async function plantedServe(folder: string, edits: readonly Edit[]): Promise<string[]> {
  const place = join(folder, 'planted');
  cpSync(join(root, 'src'), join(place, 'src'), { recursive: true });
  cpSync(join(root, 'package.json'), join(place, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
  for (const [path, text] of changedSources(edits, ['core', 'protocol', 'doors', 'io'])) {
    writeFileSync(join(place, 'src', path), text);
  }
  const outfile = join(place, 'serve.cjs');
  const contents = `import Command from './src/commands/serve.ts';
    import { runLean } from './src/cli/start/lean-main.ts';
    void runLean(Command, { id: 'serve', words: process.argv.slice(2) });`;
  await build({
    absWorkingDir: place,
    stdin: { contents, resolveDir: place },
    alias: { '@oclif/core': join(place, 'src/cli/start/lean-oclif.ts') },
    external: ['listr2', 'cbor-x'],
    bundle: true,
    format: 'cjs',
    platform: 'node',
    logLevel: 'warning',
    outfile,
  });
  return [process.execPath, outfile];
}
