import assert from 'node:assert/strict';
import test from 'node:test';
import { configSchema } from '../acme/config.js';
import { decodeConfig, fingerprint, givenSecrets, secretsOf } from '../plugin/config.js';

const good = {
  environment: 'sandbox', base_url: 'http://127.0.0.1:9', merchant_id: 'M-1', api_key: 'key-1234', webhook_keys: ['a-key-1', 'a-key-2'],
};
const decode = (config) => decodeConfig(configSchema, Buffer.from(typeof config === 'string' ? config : JSON.stringify(config)));

// violations gives what is wrong as "field: message".
function violations(config) {
  try {
    decode(config);
  } catch (err) {
    assert.equal(err.detail.code, 'CODE_INVALID_REQUEST');
    assert.equal(err.detail.outcome, 'OUTCOME_NOT_SENT');
    return err.detail.violations.map(({ field, message }) => `${field}: ${message}`);
  }
  return [];
}

test('a good configuration is read', () => {
  assert.deepEqual(decode(good), good);
  assert.deepEqual(decode({ ...good, webhook_keys: 'one-key' }).webhook_keys, ['one-key']); // one text is a list of one
  assert.equal(decode({ ...good, base_url: '' }).base_url, undefined); // a variable that is set to nothing
});

test('everything that is wrong is said at once, and no value is repeated', () => {
  const wrong = { merchant_id: 7, api_key: 'secret-key ', webhook_keys: ['', 3], webhook_key: 'x', zzz: 1 };
  assert.deepEqual(violations(wrong), [
    'environment: is missing',
    'merchant_id: must be text, not a number: put it in quotes',
    "api_key: starts or ends with white space, which usually comes from a file's last line",
    'webhook_keys[0]: is empty',
    'webhook_keys[1]: must be text, not a number: put it in quotes',
    'webhook_key: is not a known key: did you mean "webhook_keys"?',
    'zzz: is not a known key',
  ]);
});

test('each kind of mistake has its words', () => {
  for (const [change, message] of [
    [{ environment: 'production' }, 'environment: must be one of "sandbox", "live"'],
    [{ base_url: 'ftp://x' }, 'base_url: must be an absolute http or https URL without user information'],
    [{ base_url: 'https:x' }, 'base_url: must be an absolute http or https URL without user information'],
    [{ base_url: 'https://u:p@x' }, 'base_url: must be an absolute http or https URL without user information'],
    [{ base_url: 'https://x/?a=b' }, 'base_url: must be a URL without query and fragment'],
    [{ environment: 'live', base_url: 'http://x' }, 'base_url: must be https in live, unless its host is this machine'],
    [{ api_key: 'a\nb' }, 'api_key: contains a line break or another control character'],
    [{ webhook_keys: { a: 1 } }, 'webhook_keys: must be text or a list of texts, not an object'],
    [{ webhook_keys: [] }, 'webhook_keys: is missing'],
  ]) {
    assert.deepEqual(violations({ ...good, ...change }), [message]);
  }
  for (const text of ['', 'null', '[]', '"text"', '{', '{} {}']) assert.equal(violations(text).length, 1, text);
});

test('the fingerprint changes with who we are, and with nothing else', () => {
  const of = (change) => fingerprint(configSchema, decode({ ...good, ...change }));
  assert.match(of({}), /^[0-9a-f]{32}$/);
  assert.equal(of({ api_key: 'another' }), of({}));
  assert.notEqual(of({ merchant_id: 'M-2' }), of({}));
  assert.notEqual(of({ base_url: undefined }), of({}));
  // What the SDK for Go gives for the same keys and values: the plugin may be rewritten, the account stays the same.
  assert.equal(of({ base_url: undefined }), '4839148066b028f272348cbc2f49343d');
});

test('secrets are found, also in a configuration that is wrong', () => {
  assert.deepEqual(secretsOf(configSchema, decode(good)), ['key-1234', 'a-key-1', 'a-key-2']);
  const wrong = Buffer.from('{"api_key": "key-1234", "webhook_keys": ["a", {}], "zzz": 1}');
  assert.deepEqual(givenSecrets(configSchema, wrong), ['key-1234', 'a']);
  assert.deepEqual(givenSecrets(configSchema, Buffer.from('{')), []);
});
