import assert from 'node:assert/strict';
import test from 'node:test';
import { compare, decimals, isAmount, isCurrency } from '../plugin/money.js';

test('amounts are compared by value, however long they are', () => {
  for (const [a, b, want] of [
    ['60', '60.00', 0], ['0.1', '0.10', 0], ['0.3', '0.30000000000000004', -1], ['-1', '1', -1], ['-0.5', '-0.25', -1],
    ['12345678901234567890.13', '12345678901234567890.12', 1], ['9', '10', -1], ['0', '0.00', 0],
  ]) {
    assert.equal(compare(a, b), want, `${a} and ${b}`);
    assert.equal(compare(b, a), -want + 0, `${b} and ${a}`);
  }
});

test('zeros at the end are no decimals', () => {
  assert.deepEqual(['60', '60.00', '60.50', '0.001'].map(decimals), [0, 0, 1, 3]);
});

test('an amount is plain digits', () => {
  for (const good of ['0', '60.00', '-1.5', '9'.repeat(64)]) assert.ok(isAmount(good), good);
  for (const bad of [60, '', '.5', '5.', '1e3', '1,000', '+1', ' 1', '١', '9'.repeat(65), null]) assert.ok(!isAmount(bad), String(bad));
});

test('a currency is an upper-case code', () => {
  for (const good of ['USD', 'USDT-TRC20']) assert.ok(isCurrency(good), good);
  for (const bad of ['usd', '', 'A'.repeat(33), '-X', 7]) assert.ok(!isCurrency(bad), String(bad));
});
