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

/**
 * A file with its blocks rendered anew, as [path, text]. A block stands between the lines
 * `BEGIN NAME` and `END NAME`, comments of the file's own kind; its renderer is given the subject.
 */
export async function withBlocks(path, { comment, blocks, subject }) {
  const lines = [];
  let open = null;
  for (const line of textOf(path).split('\n')) {
    const words = line.startsWith(`${comment} `) ? line.slice(comment.length + 1) : '';
    const [, edge, name] = /^(BEGIN|END) (.+)$/.exec(words) ?? [];
    if (edge === 'END' && name === open) open = null;
    else if (edge === 'END') throw new Error(`${path}: END ${name} without its BEGIN`);
    if (open === null) lines.push(line);
    if (edge !== 'BEGIN') continue;
    if (open !== null) throw new Error(`${path}: BEGIN ${name} inside ${open}`);
    if (!(name in blocks)) throw new Error(`${path}: there is no block ${name}`);
    open = name;
    lines.push(...(await blocks[name](subject)));
  }
  if (open !== null) throw new Error(`${path}: BEGIN ${open} without its END`);
  return [path, lines.join('\n')];
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
