import assert from 'node:assert/strict';
import test from 'node:test';
import { newMask } from '../plugin/mask.js';
import { cut, scrub } from '../plugin/scrub.js';
import { newLogger } from '../plugin/output.js';

const secret = 'ak/+acme&7 Yp2=Qm"9Xw<';

test('a secret is found in every spelling', () => {
  const mask = newMask();
  mask.add([secret]);
  for (const spelling of [
    secret, encodeURIComponent(secret), new URLSearchParams({ v: secret }).toString().slice(2), JSON.stringify(secret),
    JSON.stringify(secret).replace(/&/g, '\\u0026').replace(/</g, '\\u003c'), JSON.stringify(secret).replaceAll('/', '\\/'),
    secret.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&#34;'),
  ]) {
    assert.match(mask.text(`before ${spelling} after`), /^before "?\[secret\]"? after$/);
  }
});

test('secrets of accounts that are gone stay masked, the longest first, and short ones are let be', () => {
  const mask = newMask();
  mask.add(['abcd']);
  mask.add(['abcdefgh', 'x']);
  assert.equal(mask.text('abcdefgh abcd x'), '[secret] [secret] x');
});

test('free text is masked and cut, data stays as it is', () => {
  const mask = newMask();
  mask.add(['key-1234']);
  const clean = scrub({
    message: 'key-1234 ' + 'é'.repeat(2000), payment: { provider_reference: 'key-1234', provider_status: 'key-1234' },
    exchanges: [{ url: 'https://x/key-1234' }], next: { redirect: { url: 'https://x/key-1234' } }, state: Buffer.from('key-1234'),
    broken: '\ud800',
  }, mask);
  assert.ok(clean.message.startsWith('[secret] é') && clean.message.endsWith('é…'));
  assert.ok(Buffer.byteLength(clean.message) <= 2000);
  assert.deepEqual(clean.payment, { provider_reference: 'key-1234', provider_status: '[secret]' });
  assert.equal(clean.exchanges[0].url, 'https://x/[secret]');
  assert.equal(clean.next.redirect.url, 'https://x/key-1234');
  assert.equal(String(clean.state), 'key-1234');
  assert.equal(clean.broken, '\ufffd');
});

test('cut keeps characters whole', () => {
  assert.equal(cut('short', 5), 'short');
  assert.equal(cut('ééé', 5), 'é…');
});

test('a log record is one line of JSON, without secrets', () => {
  const mask = newMask();
  mask.add(['key-1234']);
  const lines = [];
  const logger = newLogger(mask, (line) => lines.push(line)).with({ account: 'a' });
  logger.warn('two\nlines key-1234', { n: 1, ok: true, who: 'key-1234', '@level': 'x', deep: { of: 'key-1234' } });
  logger.error('x'.repeat(100_000), { more: 'y'.repeat(100_000), yet: 'z'.repeat(100_000), last: 'w'.repeat(100_000), not: 'v'.repeat(9_000) });
  assert.ok(lines.every((line) => line.indexOf('\n') === line.length - 1 && line.length < 17_000));
  const { '@timestamp': at, ...record } = JSON.parse(lines[0]);
  assert.ok(Date.parse(at) > 0);
  assert.deepEqual(record, {
    '@level': 'warn', '@message': 'two\nlines [secret]', account: 'a', n: 1, ok: true, who: '[secret]', at_level: 'x',
    deep: "{ of: '[secret]' }",
  });
  assert.equal(JSON.parse(lines[1]).truncated, true);
});
