// The view behind an answer: its keys, and its words.

import { expect, test } from 'vitest';
import { incompleteText, joinedView, viewInfoOf } from '../../src/answers/view.ts';

const SPLIT = { complete: false, missing: ['h4', 'h5'], missingCount: 2, why: 'split' } as const;
const UNSYNCED = { complete: false, missing: [], missingCount: 0, why: 'unsynced' } as const;
const COMPLETE = { complete: true, missing: [], missingCount: 0 };

test('an answer from a complete view says no more than that', () => {
  expect(viewInfoOf({ ...COMPLETE, missingCount: undefined, why: null })).toEqual(COMPLETE);
});

test('an answer from another view says why, whom it lacks, and how many', () => {
  expect(viewInfoOf(SPLIT)).toEqual(SPLIT);
  expect(viewInfoOf({ ...SPLIT, missingCount: undefined })).toEqual(SPLIT);
  expect(viewInfoOf({ complete: false, missing: ['h4'], why: undefined })).toEqual({
    ...{ complete: false, missing: ['h4'], missingCount: 1 },
  });
});

test('of several answers the first reason counts, and whom any of them lacks', () => {
  expect(joinedView([COMPLETE, COMPLETE])).toEqual(COMPLETE);
  expect(joinedView([COMPLETE, SPLIT])).toEqual(SPLIT);
  expect(joinedView([SPLIT, UNSYNCED])).toEqual({ ...SPLIT, why: 'unsynced' });
  const many = { ...SPLIT, missing: ['h6'], missingCount: 300 };
  expect(joinedView([SPLIT, many])).toEqual({ ...many, missing: ['h4', 'h5', 'h6'] });
});

test('people read why a view is not complete, and who is missing', () => {
  expect(incompleteText(SPLIT)).toBe(
    'the view is not complete: a server in reach has just lost hosts, or hosts are cut off by a net-split; missing hosts: h4, h5',
  );
  expect(incompleteText({ ...SPLIT, missingCount: 300 })).toMatch(/h4, h5 and 298 more$/);
  expect(incompleteText(UNSYNCED)).toMatch(/has not yet learnt everything since its start$/);
  expect(incompleteText({ missing: [], why: 'suspect', missingCount: 3 })).toMatch(
    /lost, and may be back; missing hosts: 3$/,
  );
  expect(incompleteText({ missing: [] })).toBe('the view is not complete');
});
