// Bugs planted on purpose: a server whose core, codec or driver differs in a line or two from the
// one in src, which knows nothing of this. An edit names a function and a piece of its code, which is
// found by its syntax tree. Code that is not there, or there twice, is an error: a change of a rule
// must look at the rule's bugs as well.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import type { ClientCore } from '../../../src/core/client/client.ts';
import type { Server } from '../../../src/core/server/server.ts';
import type { Watcher } from '../../../src/core/client/watcher.ts';
import type { Driver } from '../../../src/io/machine/driver.ts';
import type { Cores } from '../world/cores.ts';
import { replaceCode } from './syntax.ts';

/**
 * A change of a function of the core, the codec or the driver: `file#function`, where the file has
 * neither folder nor ending and the function may be `Class.method` or a constant; the code in it, an
 * expression or statements; and what stands there instead.
 */
export type Edit = readonly [where: `${string}#${string}`, what: string, instead: string];

/** The cores, and the driver, with these changes. */
export function mutantCores(edits: readonly Edit[]): Cores {
  mkdirSync(BUILD, { recursive: true });
  const folder = mkdtempSync(join(BUILD, 'mutant-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }');
  const changed = changedSources(edits);
  for (const [path, text] of sources()) {
    const target = join(folder, path.replace(/ts$/, 'js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, compiled(path, changed.get(path) ?? text, text));
  }
  const load = createRequire(join(folder, 'here.js'));
  const { Server: MutantServer } = load('./core/server/server.js') as { Server: typeof Server };
  const { Watcher: MutantWatcher } = load('./core/client/watcher.js') as {
    Watcher: typeof Watcher;
  };
  const { ClientCore: MutantClient } = load('./core/client/client.js') as {
    ClientCore: typeof ClientCore;
  };
  const { Driver: MutantDriver } = load('./io/machine/driver.js') as { Driver: typeof Driver };
  rmSync(folder, { recursive: true });
  return {
    server: MutantServer,
    watcher: MutantWatcher,
    client: MutantClient,
    driver: MutantDriver,
  };
}

/** The files of these parts that the edits change, by their paths. Throws where one finds no place. */
export function changedSources(
  edits: readonly Edit[],
  parts: readonly string[] = CORES,
): ReadonlyMap<string, string> {
  const texts = sources(parts);
  const changed = new Map<string, string>();
  for (const [where, what, instead] of edits) {
    const mark = where.indexOf('#');
    const [file, name] = [where.slice(0, mark), where.slice(mark + 1)];
    const path = [...texts.keys()].find((each) => each.endsWith(`/${file}.ts`));
    if (path === undefined) throw new Error(`there is no file ${file}`);
    const text = changed.get(path) ?? texts.get(path) ?? '';
    changed.set(path, replaceCode(text, { name, what, instead }));
  }
  return changed;
}

/** What cores and their driver are made of: folders, and files. */
const CORES: readonly string[] = [
  'core',
  'protocol',
  'io/machine',
  'io/deferred.ts',
  'io/emitter.ts',
];

/** In the repository, where what they import is found. */
const BUILD = join(import.meta.dirname, '../../../.build');
const textsOfParts = new Map<string, ReadonlyMap<string, string>>();
const unchanged = new Map<string, string>();

function sources(parts = CORES): ReadonlyMap<string, string> {
  const known = textsOfParts.get(parts.join());
  if (known !== undefined) return known;
  const texts = new Map(
    parts
      .flatMap(filesOf)
      .map((path) => [path, readFileSync(join(SOURCES, path), 'utf8')] as const),
  );
  textsOfParts.set(parts.join(), texts);
  return texts;
}

function filesOf(part: string): string[] {
  if (part.endsWith('.ts')) return [part];
  return readdirSync(join(SOURCES, part), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${part}/${name}`);
}

const SOURCES = join(import.meta.dirname, '../../../src');

function compiled(path: string, text: string, original: string): string {
  const known = text === original ? unchanged.get(path) : undefined;
  if (known !== undefined) return known;
  const { outputText } = transpileModule(text, {
    compilerOptions: {
      module: ModuleKind.CommonJS,
      target: ScriptTarget.ES2022,
      rewriteRelativeImportExtensions: true,
    },
  });
  if (text === original) unchanged.set(path, outputText);
  return outputText;
}
