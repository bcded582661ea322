import { expect, test } from 'vitest';
import { replaceCode } from './syntax.ts';

const CODE = `
const LIMIT = 5;

class Log {
  add(entry: number): void {
    // Before the others.
    if (this.isOpen &&
      entry > 1) { this.last = entry; }
    this.count += 1;
    this.count -= 1;
  }
}

function add(entry: number): number {
  return (entry + 1) * 2;
}
`;

test('white space, comments and parentheses do not count', () => {
  const what = 'if (this.isOpen && (entry > 1)) {\n  this.last = entry;\n}';

  expect(replaceCode(CODE, { name: 'Log.add', what, instead: '' })).not.toContain('isOpen');
});

test('an expression is found in its own function only', () => {
  const changed = replaceCode(CODE, { name: 'add', what: 'entry + 1', instead: 'entry' });

  expect(changed).toContain('return (entry) * 2');
  expect(changed).toContain('entry > 1');
});

test('operators and names count', () => {
  const drop = (what: string) => replaceCode(CODE, { name: 'Log.add', what, instead: '' });

  expect(drop('this.count -= 1;')).toContain('this.count += 1');
  expect(drop('this.count += 1; this.count -= 1;')).not.toContain('count');
  expect(() => drop('this.total += 1;')).toThrow('Log.add has this 0 times');
});

test('code that is there twice is refused', () => {
  const name = 'Log.add';

  expect(() => replaceCode(CODE, { name, what: 'this.count', instead: 'x' })).toThrow('2 times');
});

test('a constant is found by its name, and one that is not there is said', () => {
  expect(replaceCode(CODE, { name: 'LIMIT', what: '5', instead: '6' })).toContain('LIMIT = 6');
  expect(() => replaceCode(CODE, { name: 'NONE', what: '5', instead: '6' })).toThrow('no NONE');
});
