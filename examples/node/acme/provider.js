// What Acme's plugin says of itself, and its verbs.
import { newClient } from '../plugin/http.js';
import { notSent } from '../plugin/errors.js';
import { ask } from './client.js';
import { addressOf, configSchema, usualAddress } from './config.js';
import { chargeRequest, payment, problemOf } from './types.js';
import { parse } from './webhook.js';

// The build puts its version here; without one it is "dev".
const version = typeof PLUGIN_VERSION === 'undefined' ? 'dev' : PLUGIN_VERSION;

// Acme is one account, for any number of calls at once. It keeps nothing between calls.
export class Acme {
  static configSchema = configSchema;
  static usualAddress = usualAddress;

  // What is declared of repeats and of asking decides what the host does when an answer is lost, so it claims only what
  // Acme's document promises. Capabilities are not listed: they are the methods below.
  static info = {
    name: 'acme',
    version,
    description: 'Acme: payments on a page of the provider. An example in JavaScript.',
    currencies: ['EUR', 'USD'],
    payment_limits: ['EUR', 'USD'].map((currency) => ({ currency, min: '0.50', max: '10000.00', decimals: 2 })),
    webhook_trust: ['WEBHOOK_TRUST_SIGNATURE'],
    create_payment: {
      repeat: 'REPEAT_RETURNS_ORIGINAL', // by the header Idempotency-Key
      replay_window: { seconds: '86400', nanos: 0 },
      link_only: true, // creating makes a page; nobody has paid yet
    },
    payment_lookup: {
      by_reference: true, // a charge is found by our order
      immediate: true, // "not found" proves that Acme never got it
      amounts: true,
    },
  };

  // It does not call Acme: an account can be configured while the provider is away.
  constructor(config, runtime) {
    this.config = config;
    this.http = newClient(addressOf(config), runtime);
  }

  // checkHealth informs people: that the provider is away is an answer, not an error.
  async checkHealth(_request, call) {
    try {
      await this.ask(call, { method: 'GET', path: '/v1/ping' }, ({ ok }) => (ok === true ? '' : 'a ping is answered with ok'));
      return { state: 'HEALTH_STATE_HEALTHY' };
    } catch (err) {
      if (!err.detail) throw err;
      const away = err.detail.code === 'CODE_UNAVAILABLE';
      return { state: away ? 'HEALTH_STATE_UNREACHABLE' : 'HEALTH_STATE_DEGRADED', message: err.message };
    }
  }

  async createPayment(request, call) {
    const charge = await this.ask(call, {
      method: 'POST', path: '/v1/charges', key: request.idempotency_key,
      body: chargeRequest(request, this.config.merchant_id),
    }, problemOf);
    return { payment: payment(charge) };
  }

  // getPayment may be called before Acme's reference is known, after an answer was lost: it asks with ours.
  async getPayment({ payment: known }, call) {
    if (!known) throw notSent('CODE_INVALID_REQUEST', 'the payment is missing');
    const path = `/v1/charges/by-order/${encodeURIComponent(known.reference)}`;
    return { payment: payment(await this.ask(call, { method: 'GET', path }, problemOf)) };
  }

  async parseWebhook({ request }) {
    if (!request) throw notSent('CODE_INVALID_REQUEST', 'the notice is missing');
    return parse(request, this.config.webhook_keys);
  }

  ask(call, request, problem) {
    return ask(this.http, this.config.api_key, call, request, problem);
  }
}
