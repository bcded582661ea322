// Finds code in a function by its syntax tree, and puts other code in its place. White space,
// comments, parentheses and line breaks do not count. The invariant: the code must stand in that
// function exactly once, so a change of the function either leaves its planted bugs alone or says
// which of them it has taken away.

import type { Node, SourceFile } from 'typescript';
import {
  createSourceFile,
  forEachChild,
  isBlock,
  isCaseOrDefaultClause,
  isClassLike,
  isConstructorDeclaration,
  isExpressionStatement,
  isFunctionDeclaration,
  isGetAccessorDeclaration,
  isMethodDeclaration,
  isParenthesizedExpression,
  isPostfixUnaryExpression,
  isPrefixUnaryExpression,
  isPropertyDeclaration,
  isSourceFile,
  isStatement,
  isVariableDeclarationList,
  isVariableStatement,
  NodeFlags,
  ScriptTarget,
} from 'typescript';

/** From where to where, in characters. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** A change of one function: `what` is looked for in it, and replaced. */
export interface Replacement {
  /** A function, `Class.method`, or a constant of the file. */
  readonly name: string;
  /** An expression, or one or more statements. */
  readonly what: string;
  readonly instead: string;
}

/** The text with the code replaced. Throws where the code is not in that function exactly once. */
export function replaceCode(text: string, { name, what, instead }: Replacement): string {
  const file = parsed(text);
  const owner = ownerOf(file, name);
  if (owner === null) throw new Error(`there is no ${name}`);
  const found = occurrencesOf(what, owner);
  const [range] = found;
  if (range === undefined || found.length > 1) {
    throw new Error(`${name} has this ${String(found.length)} times, not once: ${what}`);
  }
  return text.slice(0, range.start) + instead + text.slice(range.end);
}

function parsed(text: string): SourceFile {
  return createSourceFile('code.ts', text, ScriptTarget.ESNext, true);
}

function ownerOf(file: SourceFile, name: string): Node | null {
  let owner: Node | null = null;
  const visit = (node: Node): void => {
    if (nameOf(node) === name) owner ??= node;
    forEachChild(node, visit);
  };
  visit(file);
  return owner;
}

function nameOf(node: Node): string | null {
  if (isFunctionDeclaration(node)) return node.name?.text ?? null;
  if (isVariableStatement(node) && isSourceFile(node.parent)) {
    return node.declarationList.declarations[0]?.name.getText() ?? null;
  }
  if (!isClassLike(node.parent)) return null;
  const className = node.parent.name?.text ?? '';
  if (isConstructorDeclaration(node)) return `${className}.constructor`;
  const isNamed =
    isMethodDeclaration(node) || isGetAccessorDeclaration(node) || isPropertyDeclaration(node);
  return isNamed ? `${className}.${node.name.getText()}` : null;
}

function occurrencesOf(what: string, owner: Node): readonly Range[] {
  const expression = parsedExpression(what);
  const wanted = expression === null ? statementsOf(what).map(shapeOf) : [shapeOf(expression)];
  const found: Range[] = [];
  const visit = (node: Node): void => {
    const runs = expression === null ? statementLists(node) : [[node]];
    for (const run of runs) {
      const shapes = run.map(shapeOf);
      for (let at = 0; at + wanted.length <= run.length; at++) {
        if (!wanted.every((shape, index) => shape === shapes[at + index])) continue;
        found.push({
          start: run[at]!.getStart(),
          end: run[at + wanted.length - 1]!.getEnd(),
        });
      }
    }
    forEachChild(node, visit);
  };
  forEachChild(owner, visit);
  // Around code in parentheses the parentheses look the same: the inner one is meant.
  return found.filter((one) => !found.some((other) => other !== one && isWithin(other, one)));
}

function isWithin(inner: Range, outer: Range): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

function parsedExpression(text: string): Node | null {
  const file = parsed(`(${text}\n)`);
  const [only, ...others] = file.statements;
  if (only === undefined || others.length > 0 || !isExpressionStatement(only)) return null;
  const { parseDiagnostics } = file as SourceFile & { parseDiagnostics: readonly unknown[] };
  return parseDiagnostics.length > 0 ? null : only.expression;
}

function statementsOf(text: string): readonly Node[] {
  const [only] = parsed(`function* _() {${text}\n}`).statements;
  if (only === undefined || !isFunctionDeclaration(only)) throw new Error(`no code: ${text}`);
  return only.body?.statements ?? [];
}

/** The runs of statements that begin in a node: its own list, or itself where it stands alone. */
function statementLists(node: Node): readonly (readonly Node[])[] {
  if (isBlock(node) || isCaseOrDefaultClause(node)) return [node.statements];
  const isAlone = isStatement(node) && !isBlock(node.parent) && !isCaseOrDefaultClause(node.parent);
  return isAlone ? [[node]] : [];
}

const shapes = new WeakMap<Node, string>();

/** The same for code that differs in white space, comments and parentheses only. */
function shapeOf(node: Node): string {
  if (isParenthesizedExpression(node)) return shapeOf(node.expression);
  const known = shapes.get(node);
  if (known !== undefined) return known;
  const children: string[] = [];
  forEachChild(node, (child) => {
    children.push(shapeOf(child));
  });
  const shape = `${String(node.kind)}${markOf(node)}(${children.join()})`;
  shapes.set(node, shape);
  return shape;
}

/** What a node says that its children do not. */
function markOf(node: Node): string {
  if (isPrefixUnaryExpression(node) || isPostfixUnaryExpression(node)) {
    return `:${String(node.operator)}`;
  }
  if (isVariableDeclarationList(node)) return `:${String(node.flags & NodeFlags.BlockScoped)}`;
  const { text } = node as Node & { text?: string };
  return text === undefined ? '' : `:${text}`;
}
