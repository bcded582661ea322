import { expect, test } from 'vitest';

import { filledIn, type FieldsOf, sentence } from '../../../src/core/kit/sentences.ts';

const ROW = { sentence: sentence('{what} at {where} ', 'is {what}'), besides: ['port'] } as const;

test('every field of a sentence is filled in, as often as it stands there', () => {
  const fields: FieldsOf<typeof ROW> = { what: 'db', where: 'h1', port: 1 };

  expect(filledIn(ROW.sentence, fields)).toBe('db at h1 is db');
});

test('fields that lack one of the sentence do not compile', () => {
  // @ts-expect-error -- `where` and `port` are missing: this is what is tested.
  const fields: FieldsOf<typeof ROW> = { what: 'db' };

  expect(Object.keys(fields)).toEqual(['what']);
});
