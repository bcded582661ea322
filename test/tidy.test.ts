// The house rules that no other tool checks. A rule is added here when a review has had to give
// the same advice twice.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { NOTICES } from '../src/core/notices.ts';
import { PROTOCOL_ERRORS } from '../src/protocol/errors.ts';
import { MESSAGES } from '../src/protocol/messages.ts';
import { needs } from './support/needs.ts';

const root = join(import.meta.dirname, '..');
const ignored = new Set([
  '.git',
  ...text('.gitignore')
    .split('\n')
    .map((line) => line.replace(/\/$/, '')),
]);
const files = filesBelow(root);
const sources = files.filter((file) => /^src\/.*\.ts$/.test(file));
const code = files.filter((file) => /\.(ts|js|mjs|sh|cddl)$|^\.ci\/(run|check)$/.test(file));
const manifest = JSON.parse(text('package.json')) as {
  man: string[];
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  bundleDependencies: string[];
  devDependencies: Record<string, string>;
};

const FILES_AT_THE_ROOT = new Set([
  '.editorconfig',
  '.gitattributes',
  '.gitignore',
  '.nvmrc',
  '.prettierignore',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'eslint.config.js',
  'oclif.manifest.json',
  'package-lock.json',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]);

test('every source file begins with a comment of 2 to 10 lines', () => {
  const wrong = sources.filter((file) => {
    const lines = text(file).split('\n');
    const first = lines.findIndex((line) => !line.startsWith('//'));
    return first < 2 || first > 10;
  });

  expect(wrong).toEqual([]);
});

test('no source file is longer than 400 lines', () => {
  const long = sources.filter((file) => text(file).trimEnd().split('\n').length > 400);

  expect(long).toEqual([]);
});

test('one word, one thing: no two exported types have one name', () => {
  const declared = sources
    .filter((file) => file !== STANDS_IN_FOR_OCLIF)
    .flatMap((file) => [...text(file).matchAll(EXPORTED_TYPE)].map(([, name = '']) => name));
  const twice = declared.filter((name, index) => declared.indexOf(name) !== index);

  expect(twice).toEqual([]);
});

const EXPORTED_TYPE = /^export (?:abstract )?(?:class|interface|type|enum) (\w+)/gm;

/** Its exports are called as oclif calls them. */
const STANDS_IN_FOR_OCLIF = 'src/cli/start/lean-oclif.ts';

test('a command is words and one call: at most 120 lines', () => {
  const long = sources.filter((file) => file.startsWith('src/commands/') && lineCount(file) > 120);

  expect(long).toEqual([]);
});

test('a complaint about how something was called is made in one way: RarangiError.usage', () => {
  const wrong = sources.filter((file) => /new RarangiError\(\s*'RARANGI_USAGE'/.test(text(file)));

  expect(wrong).toEqual(['src/io/rarangi-error.ts']);
});

test('one driver performs the effects of cores, where a process is simulated, too', () => {
  const performing = code.filter((file) => {
    return file !== 'test/tidy.test.ts' && text(file).includes("case 'dial':");
  });

  // The last two carry messages without bytes.
  expect(performing).toEqual([
    'src/io/machine/driver.ts',
    'test/fuzz/neighbourhood.ts',
    'test/sim/scale/world.ts',
  ]);
});

test('every npm script that a file names exists, and each is there for people', () => {
  const named = files
    .filter((file) => /\.(md|ts|mjs|sh|yml)$|^\.ci\/|^man\//.test(file))
    .flatMap((file) => [...text(file).matchAll(/npm run (?:--silent )?([a-z][\w:]*)/g)])
    .map(([, name = '']) => name);
  const ours = new Set(['prepack', 'start', 'test', ...named]);

  expect([...ours].toSorted()).toEqual(Object.keys(manifest.scripts).toSorted());
});

test('no source file switches a rule off', () => {
  const off = /eslint-disable|@ts-(ignore|expect-error|nocheck)|prettier-ignore|v8 ignore/;

  expect(sources.filter((file) => off.test(text(file)))).toEqual([]);
});

test('every TODO names its issue', () => {
  const unnamed = /\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/;
  const wrong = code.filter((file) => file !== 'test/tidy.test.ts' && unnamed.test(text(file)));

  expect(wrong).toEqual([]);
});

test('no test keeps the others from running', () => {
  const tests = files.filter((file) => file.endsWith('.test.ts') && file !== 'test/tidy.test.ts');
  const wrong = tests.filter((file) => /\b(test|describe|it)(\.\w+)*\.only\b/.test(text(file)));

  expect(wrong).toEqual([]);
});

test('no file is larger than 100 kB', () => {
  const large = files.filter((file) => statSync(join(root, file)).size > 100_000);

  expect(large).toEqual(['package-lock.json']);
});

test('nothing stray lies at the root', () => {
  const { stdout } = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  const tracked = stdout.split('\0').filter((file) => file !== '' && !file.includes('/'));

  expect(tracked.filter((file) => !FILES_AT_THE_ROOT.has(file))).toEqual([]);
});

test('README and ARCHITECTURE stay short, and what rarangi is not comes early', () => {
  const lengths = ['README.md', 'ARCHITECTURE.md'].map(lineCount);
  const early = text('README.md').split('\n').indexOf('## What it is not') + 1;

  expect(lengths[0]).toBeLessThan(250);
  expect(lengths[1]).toBeLessThan(200);
  expect(early).toBeGreaterThan(0);
  expect(early).toBeLessThan(60);
});

test('the reading list is as long as ARCHITECTURE says, and no shorter', () => {
  const [, list = ''] = /^## Reading list\n(.*?)^## /ms.exec(text('ARCHITECTURE.md')) ?? [];
  const listed = [...list.matchAll(/`(src\/[^`]+)`/g)].map(([, file = '']) => file);
  const promised = Number(/Under ([\d,]+) lines/.exec(list)?.[1]?.replace(',', ''));
  const lines = listed.reduce((sum, file) => sum + lineCount(file), 0);

  expect(listed.length).toBeGreaterThanOrEqual(5);
  expect(lines).toBeLessThan(promised);
  expect(lines).toBeGreaterThan(promised - 250);
});

test('every text names its subject: no whoever, and neither a program nor a person is a he', () => {
  const texts = files.filter(
    (file) =>
      file !== 'test/tidy.test.ts' &&
      /^(src|bin|test|man|examples|packaging|completion|\.ci)\/|\.md$/.test(file) &&
      !/\.(webp|svg|hex|pem)$/.test(file),
  );
  const unnamed = texts.flatMap((file) =>
    [...text(file).matchAll(/.*\b(whoever|whomever|he|him|his)\b.*/gi)].map(
      ([line]) => `${file}: ${line.trim()}`,
    ),
  );

  expect(texts.length).toBeGreaterThan(500);
  expect(unnamed).toEqual([]);
});

test('every file that a document links to is there, and every heading', () => {
  const pages = files.filter((file) => file.endsWith('.md'));
  const links = pages.flatMap((page) =>
    [...text(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(
      ([link, path = '', heading]) => ({ page, link, path: join(page, '..', path), heading }),
    ),
  );
  const broken = links.filter(({ page, link, path, heading }) => {
    const target = link.startsWith('](#') ? page : path;
    if (!existsSync(join(root, target))) return true;
    return heading !== undefined && !headingsOf(target).includes(heading);
  });

  expect(links.length).toBeGreaterThan(20);
  expect(broken.map(({ page, link }) => `${page}: ${link}`)).toEqual([]);
});

test('every test that SECURITY.md names is there', () => {
  const rows = text('SECURITY.md').split('\n');
  const cells = rows.map((row) => row.split(' | ').at(3) ?? '').join('\n');
  const named = [...cells.matchAll(/`([a-z]+\/[\w/-]+)`/g)].map(([, name = '']) => `test/${name}`);
  const missing = named.filter(
    (name) => !files.some((file) => file.startsWith(`${name}.`) || file.startsWith(`${name}/`)),
  );

  expect(named.length).toBeGreaterThan(50);
  expect(missing).toEqual([]);
});

test('every decision that code or a document cites is there, and the list has each', () => {
  const decisions = files.filter((file) => /^docs\/decisions\/\d{4}-/.test(file));
  const numbers = decisions.map((file) => Number(basename(file).slice(0, 4)));
  const citing = [...code, ...files.filter((file) => file.endsWith('.md'))];
  const cited = citing.flatMap((file) =>
    [...text(file).matchAll(/\bdecision (\d+)/gi)].map(([, number]) => Number(number)),
  );
  const list = text('docs/decisions/README.md');

  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  expect(cited.filter((number) => !numbers.includes(number))).toEqual([]);
  expect(decisions.filter((file) => !list.includes(`(${basename(file)})`))).toEqual([]);
});

test('every protocol error is used', () => {
  expect(unusedOf(Object.keys(PROTOCOL_ERRORS), 'src/protocol/errors.ts')).toEqual([]);
});

test('every notice is given somewhere', () => {
  expect(unusedOf(Object.keys(NOTICES), 'src/core/notices.ts')).toEqual([]);
});

test('every message has a golden vector', () => {
  const vectors = files.filter((file) => /^test\/vectors\/.*\.hex$/.test(file));
  const missing = Object.keys(MESSAGES).filter(
    (kind) => !vectors.some((file) => basename(file, '.hex').split(/[-.]/)[0] === kind),
  );

  expect(missing).toEqual([]);
});

test('every dependency is pinned', () => {
  const versions = { ...manifest.dependencies, ...manifest.devDependencies };
  const loose = Object.entries(versions).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));

  expect(loose).toEqual([]);
});

// By name: dependency-cruiser does not understand `true`.
test('the package brings every dependency', () => {
  expect(manifest.bundleDependencies).toEqual(Object.keys(manifest.dependencies));
});

test('every command has a manual page, and npm installs every page', () => {
  const commands = sources
    .filter((file) => file.startsWith('src/commands/'))
    .map((file) => `man/rarangi-${basename(file, '.ts')}.1`);
  const pages = files.filter((file) => /^man\/.*\.\d$/.test(file));

  expect(pages).toEqual(expect.arrayContaining(commands));
  expect([...manifest.man].sort()).toEqual(pages);
});

test('every manual page of ours that another one names is there', () => {
  const pages = files.filter((file) => /^man\/.*\.\d$/.test(file));
  const named = pages.flatMap((file) =>
    [...text(file).matchAll(/\.Xr (rarangi\S*) (\d)/g)].map(
      ([, name, section]) => `man/${String(name)}.${String(section)}`,
    ),
  );

  expect(named.filter((page) => !existsSync(join(root, page)))).toEqual([]);
});

test.skipIf(!needs('mandoc'))('mandoc has nothing to say about the manual pages', () => {
  const { stdout } = spawnSync('mandoc', ['-Tlint', ...manifest.man], {
    cwd: root,
    encoding: 'utf8',
  });
  const remarks = stdout.split('\n').filter((line) => line !== '');

  // The pages that ours name need not be installed on this machine.
  expect(remarks.filter((line) => !line.includes('referenced manual not found'))).toEqual([]);
});

function text(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function lineCount(file: string): number {
  return text(file).trimEnd().split('\n').length;
}

/** The anchors of a document's headings, as GitHub makes them. */
function headingsOf(file: string): string[] {
  return [...text(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !ignored.has(entry.name) && !entry.name.endsWith('.tgz'))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [relative(root, path)];
    })
    .sort();
}

function unusedOf(names: readonly string[], table: string): string[] {
  const others = sources.filter((file) => file !== table).map(text);
  return names.filter((name) => !others.some((source) => source.includes(`'${name}'`)));
}

test('the callbacks of a request are guarded, in every file that answers one', () => {
  const isOfRequests =
    /^src\/io\/doors\/http-(?:access|answers|body|health|inside|lookup|programs|register|watch)/;
  const unguarded = files
    .filter((file) => isOfRequests.test(file))
    .flatMap(
      (file) =>
        text(file).match(/^.*(?:setAlarm|setTimeout|queueMicrotask|\.on\(|\.once\().*$/gm) ?? [],
    )
    .filter((line) => !line.includes('exchange.guarded('));

  expect(unguarded).toEqual([]);
});
