// Which clients may ask and which may register, rule by rule, in the order of the rules.

import { expect, test } from 'vitest';

import type { AccessRules, RouteAccess, Visit } from '../../../src/doors/http/access.ts';
import { allowedOrigin, judge } from '../../../src/doors/http/access.ts';

const VISIT: Visit = {
  method: 'GET',
  host: '127.0.0.1:17348',
  isHostRepeated: false,
  origin: null,
  fetchSite: null,
  isNavigation: false,
  authorization: null,
  contentType: null,
  ownAddress: null,
  isBySocket: false,
  isFromHere: true,
  isProxied: false,
  hasCertificate: false,
};
const READING: RouteAccess = { isRoot: false, isOpen: false, hasBody: false, writes: false };
const WRITING: RouteAccess = { ...READING, hasBody: true, writes: true };
const ROOT: RouteAccess = { ...READING, isRoot: true };
const RULES: AccessRules = {
  names: new Set(['h3', '10.0.0.3']),
  origins: new Set(['https://dash.example']),
  scheme: 'http',
  asksToken: false,
  isToken: (text) => text === 'right',
};

function codeOf(visit: Partial<Visit>, target = READING, rules: Partial<AccessRules> = {}) {
  return judge({ ...VISIT, ...visit }, target, { ...RULES, ...rules })?.code ?? null;
}

test.each([
  ['localhost', null],
  ['a.localhost:1', null],
  ['127.9.9.9:80', null],
  ['[::1]:17348', null],
  ['H3:17348', null],
  ['10.0.0.3', null],
  ['rebind.test:17348', 'host'],
  ['127.0.0.1.evil.test', 'host'],
  ['evil.test@127.0.0.1', 'host'],
])('called %s: %s', (host, code) => {
  expect(codeOf({ host })).toBe(code);
});

test('a request without Host cannot be judged, unless it comes by a socket', () => {
  expect(judge({ ...VISIT, host: null }, READING, RULES)?.status).toBe(400);
  expect(codeOf({ host: null, isBySocket: true })).toBe(null);
});

test('a request with two hosts is refused, whatever they are and wherever it comes in', () => {
  for (const isBySocket of [false, true]) {
    expect(judge({ ...VISIT, isHostRepeated: true, isBySocket }, READING, RULES)).toMatchObject({
      status: 400,
      code: 'usage',
    });
  }
});

test('a page of another origin may not read, unless that origin is listed', () => {
  expect(codeOf({ origin: 'http://evil.test' })).toBe('origin');
  expect(codeOf({ origin: 'null' })).toBe('origin');
  expect(codeOf({ origin: 'https://dash.example', fetchSite: 'cross-site' })).toBe(null);
  expect(codeOf({ origin: 'https://dash.example', method: 'POST' })).toBe('origin');
  expect(codeOf({ origin: 'http://127.0.0.1:17348' })).toBe(null);
  expect(codeOf({ origin: 'http://127.0.0.1:9' })).toBe('origin');
});

test('only a visit of the page itself may come from another site without an origin', () => {
  const foreign = { fetchSite: 'cross-site', isNavigation: true };
  expect(codeOf(foreign, ROOT)).toBe(null);
  expect(codeOf(foreign)).toBe('origin');
  expect(codeOf({ fetchSite: 'same-site' }, ROOT)).toBe('origin');
  expect(codeOf({ fetchSite: 'same-origin' })).toBe(null);
});

test('a preflight is refused, from every origin', () => {
  expect(codeOf({ method: 'OPTIONS', origin: 'https://dash.example' })).toBe('origin');
});

test('only for reading, and only a listed origin is told that it may read', () => {
  const { origins } = RULES;
  const origin = 'https://dash.example';
  expect(allowedOrigin({ ...VISIT, origin }, { ...RULES, origins })).toBe(origin);
  expect(allowedOrigin({ ...VISIT, origin, method: 'POST' }, RULES)).toBe(null);
  expect(allowedOrigin({ ...VISIT, origin: 'http://evil.test' }, RULES)).toBe(null);
});

test.each([
  [null, 'token'],
  ['Bearer wrong', 'token'],
  ['Bearer right', null],
  ['bearer right', null],
  [`Basic ${Buffer.from('anyone:right').toString('base64')}`, null],
  [`Basic ${Buffer.from('right').toString('base64')}`, 'token'],
  ['Basic !!!', 'token'],
])('where tokens are asked for, %s is answered %s', (authorization, code) => {
  expect(codeOf({ authorization }, READING, { asksToken: true })).toBe(code);
});

test('no token is asked of a socket, of a certificate, or for an open route', () => {
  const rules = { asksToken: true };
  expect(codeOf({ isBySocket: true }, READING, rules)).toBe(null);
  expect(codeOf({ hasCertificate: true }, READING, rules)).toBe(null);
  expect(codeOf({}, { ...READING, isOpen: true }, rules)).toBe(null);
});

test('a door at every address of a machine is called by the one that was asked', () => {
  const own = { ownAddress: '192.0.2.2' };
  expect(codeOf({ ...own, host: '192.0.2.2:18997' })).toBe(null);
  expect(codeOf({ ...own, host: '192.0.2.3:18997' })).toBe('host');
  expect(codeOf({ ownAddress: 'fd00::2', host: '[FD00::2]:18997' })).toBe(null);
  expect(codeOf({ ownAddress: null, host: 'null' })).toBe('host');
});

test('what is sent only to ask has to be JSON, too', () => {
  const asking = { ...READING, hasBody: true };
  expect(codeOf({ method: 'POST', contentType: 'text/plain' }, asking)).toBe('usage');
  expect(codeOf({ method: 'POST', contentType: 'application/json' }, asking)).toBe(null);
});

const OFFER = { method: 'POST', contentType: 'application/json' } as const;

test.each([
  [{ ...OFFER }, null],
  [{ ...OFFER, contentType: 'application/json; charset=utf-8' }, null],
  [{ ...OFFER, contentType: 'text/plain' }, 'usage'],
  [{ ...OFFER, contentType: null }, 'usage'],
  [{ ...OFFER, origin: 'http://127.0.0.1:17348' }, 'origin'],
  [{ ...OFFER, isProxied: true }, 'proxied'],
  [{ ...OFFER, isFromHere: false }, 'not-here'],
])('registering, case %#', (visit, code) => {
  expect(codeOf(visit, WRITING)).toBe(code);
});
