// Programs as a user writes them, at work on a catalogue of their own: an environment that no other
// test has, found by the socket of its server, as on any host.

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

import type { Running, Stage, StartOptions } from '../support/processes.ts';

/** The root of the repository. */
export const ROOT = join(import.meta.dirname, '../..');

/** An environment with one server. */
export interface Home {
  readonly environment: string;
  /** Where its server is bound. */
  readonly address: string;
  /** With this a program finds the server by itself. */
  readonly env: NodeJS.ProcessEnv;
  /** Starts a file of JavaScript. */
  readonly node: (path: string, options?: StartOptions) => Running;
}

/** Starts a server. Resolves when it listens. */
export async function openHome(stage: Stage): Promise<Home> {
  const environment = `examples-${process.pid}-${(homesCount += 1)}`;
  const sockets = join(stage.folder, 'rarangi');
  mkdirSync(sockets);
  const address = stage.address();
  const socket = join(sockets, `${environment}-a.sock`);
  const words = ['serve', '-e', environment, `--bind=${address}:0`, `--socket=${socket}`];
  await stage.start([...words, '--log-format=json']).said({ event: 'server-started' });
  const env = { XDG_RUNTIME_DIR: stage.folder, RARANGI_ENVIRONMENT: environment };
  return {
    environment,
    address,
    env,
    node: (path, options = {}) =>
      stage.spawn([process.execPath, path], { ...options, env: { ...env, ...options.env } }),
  };
}

/** A program that a document shows. */
export interface Shown {
  /** Where it is shown: a path from the root of the repository, and the line at which it begins. */
  readonly place: string;
  readonly language: string;
  readonly code: string;
  /** Its output, by its comments. */
  readonly prints: readonly string[];
}

/** The programs of README.md and docs/library.md, which use the library. */
export function programsShown(): Shown[] {
  return ['README.md', 'docs/library.md'].flatMap((path) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    return [...text.matchAll(/^```(js|ts)\n(.*?)^```$/gms)].map((match) => ({
      place: `${path}:${text.slice(0, match.index).split('\n').length}`,
      language: match[1]!,
      code: match[2]!,
      prints: [...match[2]!.matchAll(/\/\/ → (.*)$/gm)].map((found) => found[1]!),
    }));
  });
}

/** Writes a program down for Node.js 20, in another environment; the path of the file. */
export function writeProgram(folder: string, { place, code }: Shown, environment: string): string {
  const named = code.replaceAll("'development'", `'${environment}'`);
  const { outputText } = ts.transpileModule(named, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  });
  const path = join(folder, `shown-${place.replaceAll(/\W/g, '-')}.mjs`);
  writeFileSync(path, outputText);
  return path;
}

/** Has a folder find packages of the repository, and rarangi itself. */
export function linkPackages(folder: string, ...names: readonly string[]): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  for (const name of names) {
    symlinkSync(name === 'rarangi' ? ROOT : join(ROOT, 'node_modules', name), join(modules, name));
  }
}

let homesCount = 0;
