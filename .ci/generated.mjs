// What all renderers share: `--write` writes a generated file, `--check` says which are stale.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The root of the repository. */
export const root = resolve(import.meta.dirname, '..');

/** The text of a file of the repository; empty if there is none. */
export function textOf(path) {
  const file = resolve(root, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** What a built module exports. */
export async function built(path) {
  const file = resolve(root, 'dist', path);
  if (!existsSync(file)) throw new Error(`dist/${path} is missing: npm run build`);
  return await import(pathToFileURL(file).href);
}

/** Writes the files, given as [path, text], or checks that they are as they would be written. */
export function settle(files) {
  const stale = files.filter(([path, text]) => textOf(path) !== text);
  if (process.argv.includes('--write')) {
    for (const [path, text] of stale) {
      writeFileSync(resolve(root, path), text);
      console.log(`wrote ${path}`);
    }
    return;
  }
  for (const [path] of stale) console.error(`${path} is stale: npm run render`);
  if (stale.length > 0) process.exitCode = 1;
}
