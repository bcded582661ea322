import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { servicesOfWords, servicesReader } from '../../src/cli/service-words.ts';
import { ownFolder } from '../io/world.ts';

function fileOf(text: string): string {
  const path = join(ownFolder(), 'services.json');
  writeFileSync(path, text);
  return path;
}

test('a service stands in one word', () => {
  const words = 'name=db,port=5432,scheme=postgresql,tag.role=primary,tag.note=a=b,ready=tcp';

  expect(servicesOfWords([words])).toEqual([
    {
      name: 'db',
      port: 5432,
      scheme: 'postgresql',
      tags: { role: 'primary', note: 'a=b' },
      ready: 'tcp',
    },
  ]);
});

test('each name begins a service, whether in one word or in several', () => {
  const expected = [
    { name: 'a', port: 1, tags: {} },
    { name: 'b', port: 2, tags: {} },
  ];

  expect(servicesOfWords(['name=a,port=1', 'name=b,port=2'])).toEqual(expected);
  expect(servicesOfWords(['name=a', 'port=1', 'name=b', 'port=2'])).toEqual(expected);
});

test.each([
  ['port=1', /begins with name=/],
  ['name=a', /has no port/],
  ['name=a,port=x', /port "x" is not a number/],
  ['name=a,port=1,colour=red', /unknown field "colour"/],
  ['name=a,port=1,tag=x', /unknown field "tag"; did you mean "tag\.KEY"\?/],
  ['name=a,adress=x', /unknown field "adress"; did you mean "address"\?/],
  ['name=a,port=1,port=2', /has port twice/],
  ['name=a,port=1,tag.k=1,tag.k=2', /has k twice/],
  ['name=a,port=1,solo', /not KEY=VALUE/],
])('%j is no service', (words, complaint) => {
  expect(() => servicesOfWords([words])).toThrow(complaint);
});

test('a file holds services', () => {
  const path = fileOf(`{"services": [
    {"name": "db", "port": 5432, "tags": {"v": 15, "note": "a,b"}, "check": "exec:pg_isready"}
  ]}`);

  expect(servicesReader(path)()).toEqual([
    { name: 'db', port: 5432, tags: { v: '15', note: 'a,b' }, check: 'exec:pg_isready' },
  ]);
});

test('a file may begin with a mark of its byte order, as editors of Windows write it', () => {
  const path = fileOf('\uFEFF{"services": [{"name": "a", "port": 1}]}');

  expect(servicesReader(path)()).toEqual([{ name: 'a', port: 1, tags: {} }]);
});

test.each([
  ['{', /is not JSON: Expected/],
  ['[]', /is not a JSON object/],
  ['{}', /has no list of services/],
  ['{"services": [], "service": 1}', /unknown field "service"; did you mean "services"\?/],
  ['{"services": [1]}', /service 1 is not a JSON object/],
  ['{"services": [{"name": "a"}]}', /service 1 has no port/],
  [
    '{"services": [{"name": "a", "port": 1, "tag": "x"}]}',
    /unknown field "tag"; did you mean "tags"\?/,
  ],
  [
    '{"services": [{"name": "a", "port": 1, "tag": {"x": "y"}}]}',
    /unknown field "tag"; did you mean "tags"\?/,
  ],
  ['{"services": [{"name": "a", "prot": true, "port": 1}]}', /unknown field "prot"/],
  ['{"services": [{"name": "a", "port": 1, "tags": {"x": null}}]}', /null is neither a text/],
])('the file %j is refused', (text, complaint) => {
  expect(() => servicesReader(fileOf(text))()).toThrow(complaint);
});

test('a service alone is no file of services, and the form of one is said', () => {
  const path = fileOf('{"name": "a", "port": 1}');

  expect(() => servicesReader(path)()).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/^write \{"services": /) as string }),
  );
});

test('a pipe is read once: nobody may ever write to it again', () => {
  const path = join(ownFolder(), 'services');
  execFileSync('sh', ['-c', 'mkfifo "$0"; printf %s "$1" > "$0" &', path, '{"services": []}'], {
    stdio: 'ignore',
  });
  const read = servicesReader(path);

  expect(read()).toEqual([]);
  expect(read).toThrow(/is not a regular file, so it cannot be read again/);
});

test('a file that is not there is refused', () => {
  expect(() => servicesReader(join(ownFolder(), 'none'))()).toThrow(
    /cannot read services from .*none: no such file or directory$/,
  );
});
