// One account at Acme. Keys that say who we are there are marked "x-payhost-identity": a doubtful payment is never repeated
// as somebody else. Keys that must not be seen are "writeOnly".
import { endpoint } from '../plugin/config.js';

export const configSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    ...endpoint,
    merchant_id: {
      type: 'string', description: "The account's number, as Acme's back office shows it.", 'x-payhost-identity': true,
    },
    api_key: { type: 'string', description: 'Sent with every request.', writeOnly: true },
    webhook_keys: {
      type: 'array', items: { type: 'string', writeOnly: true }, minItems: 1, writeOnly: true,
      description: 'Keys that sign notices, newest first: two while one is being replaced.',
    },
  },
  required: ['environment', 'merchant_id', 'api_key', 'webhook_keys'],
  additionalProperties: false,
};

const addresses = { sandbox: 'https://sandbox.acme.example', live: 'https://api.acme.example' };

// usualAddress is the address of Acme's API without a base_url.
export function usualAddress(config) {
  return addresses[config.environment];
}

// addressOf gives the address of Acme's API.
export function addressOf(config) {
  return config.base_url ?? usualAddress(config);
}
