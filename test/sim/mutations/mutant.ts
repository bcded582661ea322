// Bugs planted on purpose: a server whose core differs in a line or two from the one in src. The
// text of the rule is replaced, so each of them names the rule that it takes away and src knows
// nothing of this. A text that is not there, or there twice, is an error: whoever changes a rule
// looks at its bug as well.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import type { ClientCore } from '../../../src/core/client/client.ts';
import type { Server } from '../../../src/core/server/server.ts';
import type { Watcher } from '../../../src/core/client/watcher.ts';
import type { Cores } from '../world/cluster.ts';

/** A change of a file of the core: its name without folder and ending, and what becomes of what. */
export type Edit = readonly [file: string, from: string, to: string];

/** The cores with these changes. */
export function mutantCores(edits: readonly Edit[]): Cores {
  const folder = mkdtempSync(join(tmpdir(), 'rarangi-mutant-'));
  const left = new Set(edits);
  for (const [path, text] of sources()) {
    let changed = text;
    for (const edit of left) {
      const [file, from, to] = edit;
      if (!path.endsWith(`/${file}.ts`)) continue;
      const isOnce = text.split(from).length === 2;
      if (!isOnce) throw new Error(`not once in ${path}: ${from}`);
      changed = changed.replace(from, () => to);
      left.delete(edit);
    }
    const target = join(folder, path.replace(/ts$/, 'js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, compiled(path, changed, text));
  }
  if (left.size > 0) throw new Error(`no file for ${[...left].join()}`);
  const load = createRequire(join(folder, 'here.js'));
  const { Server: MutantServer } = load('./core/server/server.js') as { Server: typeof Server };
  const { Watcher: MutantWatcher } = load('./core/client/watcher.js') as {
    Watcher: typeof Watcher;
  };
  const { ClientCore: MutantClient } = load('./core/client/client.js') as {
    ClientCore: typeof ClientCore;
  };
  rmSync(folder, { recursive: true });
  return { server: MutantServer, watcher: MutantWatcher, client: MutantClient };
}

let texts: ReadonlyMap<string, string> | null = null;
const unchanged = new Map<string, string>();

function sources(): ReadonlyMap<string, string> {
  texts ??= new Map(
    ['core', 'protocol'].flatMap((part) => {
      const folder = join(import.meta.dirname, '../../../src', part);
      return readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => {
          return [`${part}/${name}`, readFileSync(join(folder, name), 'utf8')] as const;
        });
    }),
  );
  return texts;
}

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
