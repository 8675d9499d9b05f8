import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import test from 'node:test';
import { newCertificate } from '../plugin/certificate.js';

test('a certificate is for its key, for localhost, and signed by itself', () => {
  const { der, pem, key } = newCertificate();
  const read = new crypto.X509Certificate(pem);
  assert.deepEqual(read.raw, der);
  assert.ok(read.checkPrivateKey(crypto.createPrivateKey(key)));
  assert.ok(read.verify(read.publicKey));
  assert.equal(read.checkHost('localhost'), 'localhost');
  assert.equal(read.checkHost('example.com'), undefined);
  assert.deepEqual(read.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
});

test('its dates are right on both sides of 2050', () => {
  for (const year of [2026, 2049, 2050]) {
    const read = new crypto.X509Certificate(newCertificate(new Date(Date.UTC(year, 5, 1, 12))).pem);
    assert.equal(new Date(read.validFrom).toISOString(), `${year}-06-01T11:59:00.000Z`);
    assert.equal(new Date(read.validTo).getUTCFullYear(), year + 30);
  }
});

test('no two are alike', () => {
  assert.notEqual(newCertificate().pem, newCertificate().pem);
});
