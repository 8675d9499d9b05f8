import assert from 'node:assert/strict';
import test from 'node:test';
import { isSigned } from '../acme/signature.js';

// Computed by somebody else's code, so that a mistake is not made twice:
//
//   printf '1700000000.{"id":"evt-1"}' | openssl dgst -sha256 -hmac 'webhook-key-of-the-test'
const mac = '2edbb0a13d690fa1f4b32af75fdeb8610e34d70a5c3f4d6979f4b2d35e425303';
const keys = ['a newer key', 'webhook-key-of-the-test'];
const body = Buffer.from('{"id":"evt-1"}');
const header = `t=1700000000,v1=${mac}`;
const now = 1700000010;

test('a genuine notice is recognized', () => {
  assert.ok(isSigned(keys, body, header, now));
});

test('anything else is not', () => {
  assert.ok(!isSigned(keys, Buffer.from('{"id":"evt-2"}'), header, now), 'another body');
  assert.ok(!isSigned(keys.slice(0, 1), body, header, now), 'no key fits');
  assert.ok(!isSigned([], body, header, now), 'without keys');
  assert.ok(!isSigned(keys, body, header, now + 600), 'stale');
  assert.ok(!isSigned(keys, body, header, NaN), 'received at no time');
  for (const other of [undefined, '', mac, `t=1700000001,v1=${mac}`, `t=1700000000,v1=${mac.slice(1)}`, `t=,v1=${mac}`, `t=1700000000,v1=${mac.toUpperCase()}`]) {
    assert.ok(!isSigned(keys, body, other, now), String(other));
  }
});
