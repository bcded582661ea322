// The house rules that a machine can check: the strict presets, the budgets of size, and what keeps
// `src/core` and `src/protocol` deterministic. In `src` no comment can switch a rule off.

import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const plainJavaScript = ['**/*.js', '**/*.cjs', '**/*.mjs'];

const correctness = {
  'default-case-last': 'error',
  eqeqeq: 'error',
  'no-constructor-return': 'error',
  'no-control-regex': 'error',
  'no-debugger': 'error',
  'no-else-return': 'error',
  'no-empty': 'error',
  'no-fallthrough': 'error',
  'no-implicit-coercion': 'error',
  'no-loss-of-precision': 'error',
  'no-param-reassign': 'error',
  'no-self-compare': 'error',
  'no-sparse-arrays': 'error',
  'no-unsafe-finally': 'error',
  'no-useless-escape': 'error',
  'no-var': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
};

const typed = {
  '@typescript-eslint/consistent-type-exports': 'error',
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/explicit-module-boundary-types': 'error',
  '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
  '@typescript-eslint/no-unused-vars': [
    'error',
    { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' },
  ],
  '@typescript-eslint/prefer-readonly': 'error',
  '@typescript-eslint/require-array-sort-compare': 'error',
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
  '@typescript-eslint/switch-exhaustiveness-check': [
    'error',
    { considerDefaultExhaustiveForUnions: true },
  ],
};

const budgets = {
  complexity: ['error', 12],
  'max-depth': ['error', 3],
  'max-lines': ['error', 400],
  'max-lines-per-function': ['error', 70],
  '@typescript-eslint/max-params': ['error', { max: 3 }],
};

const elsewhere = 'the core is told the time, its randomness and what happened; it asks by effects';
const impureGlobals = [
  'Buffer',
  'Date',
  'Intl',
  'Promise',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'console',
  'crypto',
  'globalThis',
  'performance',
  'process',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout',
];

const determinism = {
  'no-restricted-globals': [
    'error',
    ...impureGlobals.map((name) => ({ name, message: elsewhere })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Math', property: 'random', message: elsewhere },
    { property: 'localeCompare', message: 'its order depends on the machine: compare with <' },
    { property: 'toLocaleString', message: 'its text depends on the machine' },
  ],
  'no-restricted-syntax': [
    'error',
    { selector: ':function[async=true]', message: 'the core is synchronous' },
    { selector: 'AwaitExpression', message: 'the core is synchronous' },
    { selector: 'ForOfStatement[await=true]', message: 'the core is synchronous' },
    { selector: 'ImportExpression', message: 'the core is synchronous' },
    { selector: 'TSTypeReference[typeName.name=/^Promise/]', message: 'the core is synchronous' },
    {
      selector: 'CallExpression[callee.property.name=/^(sort|toSorted)$/][arguments.length=0]',
      message: 'give a compare function',
    },
  ],
};

export default defineConfig(
  globalIgnores(['dist/', '.build/', 'coverage/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: { ...correctness, ...typed },
  },
  { files: ['src/**/*.{ts,tsx}'], linterOptions: { noInlineConfig: true }, rules: budgets },
  { files: ['src/{core,protocol,doors}/**/*.ts'], rules: determinism },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-depth': ['error', 3],
      'max-lines': ['error', 500],
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: plainJavaScript,
    extends: [tseslint.configs.disableTypeChecked],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  {
    files: ['bin/*.js'],
    languageOptions: { sourceType: 'commonjs' },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
