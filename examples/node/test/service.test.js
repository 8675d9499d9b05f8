import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import test from 'node:test';
import { errorDetail } from '../plugin/descriptors.js';
import { refused } from '../plugin/errors.js';
import { newMask } from '../plugin/mask.js';
import { newLogger } from '../plugin/output.js';
import { newService } from '../plugin/service.js';

// Shop is a provider that does what its configuration says.
class Shop {
  static info = {
    name: 'shop', version: '1', currencies: ['USD'],
    payment_limits: [{ currency: 'USD', min: '1.00', max: '100.00', decimals: 2 }],
    create_payment: { repeat: 'REPEAT_NONE', link_only: true },
  };

  static configSchema = {
    type: 'object', additionalProperties: false, required: ['mode'],
    properties: { mode: { type: 'string' }, key: { type: 'string', writeOnly: true } },
  };

  constructor(config) { this.config = config; }

  async createPayment(request, call) {
    call.record({ method: 'POST', url: 'https://shop.example', request_body: this.config.key });
    switch (this.config.mode) {
      case 'refuses': throw refused('CODE_DECLINED', 'no', `said to ${this.config.key}`);
      case 'fails': throw new TypeError(`of ${this.config.key}`);
      case 'silent': return undefined;
    }
    return { payment: { provider_reference: this.config.mode, status: 'PAYMENT_STATUS_PROCESSING' } };
  }
}

// newShop gives a function that makes calls, and what was logged.
function newShop() {
  const mask = newMask();
  const log = [];
  const service = newService(Shop, { mask, logger: newLogger(mask, (line) => log.push(line)) });
  const call = (verb, request) => new Promise((resolve) => {
    const grpcCall = Object.assign(new EventEmitter(), { request, cancelled: false, getDeadline: () => Infinity });
    service[verb](grpcCall, (err, answer) => {
      resolve(err ? errorDetail(err.metadata.get('grpc-status-details-bin')[0]) : answer);
    });
  });
  const configure = (account, config) => call('Configure', { account, config: Buffer.from(JSON.stringify(config)) });
  return { call, configure, log };
}

const payment = {
  account: 'a', reference: 'pay_1', idempotency_key: 'k', sequence: '1', attempt: 1, amount: { amount: '60.00', currency: 'USD' },
};

test('a verb answers with what its method gives', async () => {
  const { call, configure } = newShop();
  const account = await configure('a', { mode: 'theirs-1', key: 'key-1234' });
  assert.deepEqual(account.capabilities, ['CAPABILITY_CREATE_PAYMENT']);
  const answer = await call('CreatePayment', payment);
  assert.equal(answer.payment.provider_reference, 'theirs-1');
  assert.equal(answer.exchanges[0].request_body, '[secret]');
});

test('a refusal keeps its words, without secrets', async () => {
  const { call, configure } = newShop();
  await configure('a', { mode: 'refuses', key: 'key-1234' });
  const detail = await call('CreatePayment', payment);
  assert.deepEqual(
    [detail.code, detail.outcome, detail.provider_code, detail.provider_message, detail.new_attempt_safe, detail.exchanges.length],
    ['CODE_DECLINED', 'OUTCOME_REFUSED', 'no', 'said to [secret]', true, 1],
  );
});

test('a fault of the plugin fails one call, which is in doubt, and the log says where', async () => {
  const { call, configure, log } = newShop();
  await configure('a', { mode: 'fails', key: 'key-1234' });
  const detail = await call('CreatePayment', payment);
  assert.deepEqual([detail.code, detail.outcome, detail.message], ['CODE_INTERNAL', 'OUTCOME_UNKNOWN', 'a fault of the plugin: of [secret]']);
  assert.match(log[0], /"@level":"error".*a fault in createPayment.*service\.test\.js/);
  assert.doesNotMatch(log[0], /key-1234/);
  await configure('a', { mode: 'silent' });
  assert.equal((await call('CreatePayment', payment)).outcome, 'OUTCOME_UNKNOWN');
});

test('what must not go on is turned away before the method', async () => {
  const { call, configure } = newShop();
  assert.equal((await call('CreatePayment', payment)).code, 'CODE_INVALID_REQUEST'); // no such account
  await configure('a', { mode: 'theirs' });
  const lacking = await call('GetPayment', { account: 'a' });
  assert.deepEqual([lacking.code, lacking.outcome], ['CODE_NOT_SUPPORTED', 'OUTCOME_NOT_SENT']);
  for (const [change, code, field] of [
    [{ amount: null }, 'CODE_INVALID_REQUEST', 'amount'],
    [{ amount: { amount: '0', currency: 'USD' } }, 'CODE_INVALID_REQUEST', 'amount'],
    [{ amount: { amount: '1e3', currency: 'USD' } }, 'CODE_INVALID_REQUEST', 'amount'],
    [{ amount: { amount: '5.001', currency: 'USD' } }, 'CODE_INVALID_REQUEST', 'amount'],
    [{ amount: { amount: '5', currency: 'EUR' } }, 'CODE_INVALID_REQUEST', 'currency'],
    [{ amount: { amount: '0.99', currency: 'USD' } }, 'CODE_LIMIT', 'amount'],
    [{ amount: { amount: '100.01', currency: 'USD' } }, 'CODE_LIMIT', 'amount'],
    [{ reference: 'x'.repeat(37) }, 'CODE_INVALID_REQUEST', 'reference'],
    [{ sequence: '0' }, 'CODE_INVALID_REQUEST', 'sequence'],
    [{ attempt: 0 }, 'CODE_INVALID_REQUEST', 'attempt'],
    [{ idempotency_key: '' }, 'CODE_INVALID_REQUEST', 'idempotency_key'],
    [{ options: Buffer.from('[]') }, 'CODE_INVALID_REQUEST', 'provider_options'],
  ]) {
    const detail = await call('CreatePayment', { ...payment, ...change });
    assert.deepEqual([detail.code, detail.outcome, detail.violations[0]?.field], [code, 'OUTCOME_NOT_SENT', field], JSON.stringify(change));
  }
});

test('a configuration that fails leaves the account as it was', async () => {
  const { call, configure } = newShop();
  await configure('a', { mode: 'theirs-1' });
  assert.equal((await configure('a', { mode: 'theirs-2', no: 1 })).violations[0].field, 'no');
  assert.equal((await call('CreatePayment', payment)).payment.provider_reference, 'theirs-1');
  await call('Deconfigure', { account: 'a' });
  await call('Deconfigure', { account: 'a' });
  assert.equal((await call('CreatePayment', payment)).code, 'CODE_INVALID_REQUEST');
});
