// Who writes what of the state: each slice is written in the folder that declares it, and what all
// rooms look at in the room that it belongs to. The code is read as a syntax tree, by names. Where a
// state begins (birth.ts) and begins again after a fault (recovery.ts) everything is written.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Node } from 'typescript';
import {
  createSourceFile,
  forEachChild,
  isBinaryExpression,
  isBindingElement,
  isCallExpression,
  isDeleteExpression,
  isIdentifier,
  isObjectBindingPattern,
  isPostfixUnaryExpression,
  isPrefixUnaryExpression,
  isPropertyAccessExpression,
  isVariableDeclaration,
  ScriptTarget,
  SyntaxKind,
} from 'typescript';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../../src/core/server');
const BEGINNINGS = ['birth.ts', 'recovery.ts'];

/** What is no slice, and in which room it is written. */
const SHARED: Readonly<Record<string, string>> = {
  options: '.',
  nowMs: '.',
  origins: 'origins',
  connections: 'links',
  links: 'links',
  sessions: 'sessions',
};

/** In which file each slice is declared, as state.ts imports it. */
function slices(): ReadonlyMap<string, string> {
  const text = readFileSync(join(ROOT, 'state.ts'), 'utf8');
  const files = new Map<string, string>();
  for (const [, types = '', file = ''] of text.matchAll(/import type \{(.*)\} from '\.\/(.*)'/g)) {
    if (!/(^|\/)(slice|due|life)\.ts$/.test(file)) continue;
    for (const type of types.split(',')) files.set(type.trim(), file);
  }
  const fields = [...text.matchAll(/^ {2}readonly (\w+): (\w+);/gm)];
  return new Map(
    fields.flatMap(([, name = '', type = '']) => {
      const file = files.get(type);
      return file === undefined ? [] : [[name, file] as const];
    }),
  );
}

const SLICES = slices();
const MUTATING = new Set(
  'set add delete clear push pop shift unshift splice sort reverse fill'.split(' '),
);

/** What a file writes of the state and is not its own to write. */
function strayWrites(path: string, text: string): string[] {
  const file = createSourceFile(path, text, ScriptTarget.ESNext, true);
  const names = new Map<string, readonly string[]>();
  const found: string[] = [];
  const visit = (node: Node): void => {
    if (isVariableDeclaration(node) && node.initializer !== undefined) {
      const from = chainOf(node.initializer, names);
      if (isIdentifier(node.name) && from !== null) names.set(node.name.text, from);
      if (isObjectBindingPattern(node.name) && from !== null) bind(node.name, from, names);
    } else if (isObjectBindingPattern(node) && !isBindingElement(node.parent)) {
      if (!isVariableDeclaration(node.parent)) bind(node, ['state'], names);
    }
    const written = writtenIn(node);
    const chain = written === null ? null : chainOf(written, names);
    if (chain !== null && isStray(path, chain)) found.push(`${path}: ${chain.join('.')}`);
    forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** What the names of a pattern stand for. */
function bind(pattern: Node, from: readonly string[], names: Map<string, readonly string[]>): void {
  forEachChild(pattern, (element) => {
    if (!isBindingElement(element)) return;
    const property = element.propertyName ?? element.name;
    if (!isIdentifier(property)) return;
    const chain = [...from, property.text];
    if (isIdentifier(element.name)) names.set(element.name.text, chain);
    else bind(element.name, chain, names);
  });
}

/** The names of `state.view.isComplete`, aliases resolved; null for what has none. */
function chainOf(node: Node, names: ReadonlyMap<string, readonly string[]>): string[] | null {
  if (isIdentifier(node)) return [...(names.get(node.text) ?? [node.text])];
  if (!isPropertyAccessExpression(node)) return null;
  const before = chainOf(node.expression, names);
  return before === null ? null : [...before, node.name.text];
}

/** What a node assigns to, or whose contents it changes. */
function writtenIn(node: Node): Node | null {
  if (isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    const isWrite = kind >= SyntaxKind.FirstAssignment && kind <= SyntaxKind.LastAssignment;
    return isWrite ? node.left : null;
  }
  if (isPrefixUnaryExpression(node) || isPostfixUnaryExpression(node)) {
    const isWrite = [SyntaxKind.PlusPlusToken, SyntaxKind.MinusMinusToken].includes(node.operator);
    return isWrite ? node.operand : null;
  }
  if (isDeleteExpression(node)) return node.expression;
  if (!isCallExpression(node) || !isPropertyAccessExpression(node.expression)) return null;
  const { expression, name } = node.expression;
  if (MUTATING.has(name.text)) return expression;
  const isAssign = expression.getText() === 'Object' && name.text === 'assign';
  return isAssign ? (node.arguments[0] ?? null) : null;
}

function isStray(path: string, [root, field = '', ...rest]: readonly string[]): boolean {
  if (root !== 'state') return false;
  const slice = SLICES.get(field);
  if (slice !== undefined) {
    const isOwn = dirname(slice) === '.' ? dirname(path) === '.' : isWithin(path, dirname(slice));
    return slice === 'due.ts' ? path !== slice : !isOwn;
  }
  const room = SHARED[field];
  // What is in one of these lists has fields of its own.
  if (room === undefined || rest.length > 0) return false;
  return room === '.' ? dirname(path) !== '.' : !isWithin(path, room);
}

function isWithin(path: string, room: string): boolean {
  return path.startsWith(`${room}/`);
}

test('each slice of the state is written in its own room only', () => {
  const paths = readdirSync(ROOT, { recursive: true, encoding: 'utf8' });
  const sources = paths.filter((path) => path.endsWith('.ts') && !BEGINNINGS.includes(path));

  const stray = sources.flatMap((path) => {
    return strayWrites(path, readFileSync(join(ROOT, path), 'utf8'));
  });

  expect(stray).toEqual([]);
  expect(new Set(SLICES.values()).size).toBe(6);
});

test.each([
  ['state.view.isComplete = true;', 'state.view.isComplete'],
  ['state.view.missedBy.set(host, 1);', 'state.view.missedBy'],
  ['const { missedBy } = state.view; missedBy.delete(host);', 'state.view.missedBy'],
  ['function f({ view }: State) { view.askedMs += 1; }', 'state.view.askedMs'],
  ['function f({ past: { gone: all } }: State) { all.clear(); }', 'state.past.gone'],
  ['const { life } = state; life.faultsCount++;', 'state.life.faultsCount'],
  ['Object.assign(state.view, {});', 'state.view'],
  ['state.due.isView = true;', 'state.due.isView'],
  ['state.sessions.delete(id);', 'state.sessions'],
  ['state.options = options;', 'state.options'],
])('%s is written by another room', (code, what) => {
  expect(strayWrites('links/elsewhere.ts', code)).toEqual([`links/elsewhere.ts: ${what}`]);
});

test.each([
  'state.links.set(origin, link);',
  'state.linking.seeks += 1;',
  'state.replication.forget(origin);',
  'if (state.view.isComplete) report.add(state.view.missing);',
])('%s is written by its own room, or by nobody', (code) => {
  expect(strayWrites('links/elsewhere.ts', code)).toEqual([]);
});
