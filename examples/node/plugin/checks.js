// What is refused before a verb is called: requests that a host should not send, and amounts that the provider is known
// not to take. Nothing has been sent then.
import { invalid, notSent } from './errors.js';
import { compare, decimals, isAmount, isCurrency } from './money.js';

const intentReference = /^[A-Za-z0-9_-]{1,36}$/;
const idempotencyKey = /^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/;

// checkRequest throws when the request must not go on. limits are those that the plugin declares for the verb, currencies
// those that the account handles.
export function checkRequest(verb, request, { limits = [], currencies = [] }) {
  const wrong = [];
  const outside = [];
  if (verb.creates) checkIntent(request, wrong);
  if (verb.writes) checkAttempt(request, wrong);
  if (verb.creates) checkAmount(request.amount, limits, currencies, wrong, outside);
  if (request.options?.length > 0 && !isObject(request.options)) {
    wrong.push({ field: 'provider_options', message: 'not a JSON object' });
  }
  if (wrong.length > 0) throw invalid([...wrong, ...outside]);
  if (outside.length > 0) {
    throw notSent('CODE_LIMIT', "the amount is outside the provider's limits", { violations: outside });
  }
}

function checkIntent({ reference, sequence }, wrong) {
  if (!intentReference.test(reference)) {
    wrong.push({ field: 'reference', message: '1 to 36 characters of A-Z a-z 0-9 _ -' });
  }
  if (sequence === '0') wrong.push({ field: 'sequence', message: 'a number from 1 up' });
}

function checkAttempt(request, wrong) {
  if (!idempotencyKey.test(request.idempotency_key)) {
    wrong.push({ field: 'idempotency_key', message: '1 to 255 printable ASCII characters' });
  }
  if (request.attempt < 1) wrong.push({ field: 'attempt', message: 'a number from 1 up' });
}

function checkAmount(money, limits, currencies, wrong, outside) {
  if (!money) return wrong.push({ field: 'amount', message: 'missing' });
  if (!isCurrency(money.currency)) {
    return wrong.push({ field: 'currency', message: 'a currency is an upper-case code, such as "USD"' });
  }
  if (!isAmount(money.amount)) {
    return wrong.push({ field: 'amount', message: 'an amount is digits with at most one point, such as "60.00"' });
  }
  if (compare(money.amount, '0') <= 0) return wrong.push({ field: 'amount', message: 'must be more than zero' });
  if (currencies.length > 0 && !currencies.includes(money.currency)) {
    wrong.push({ field: 'currency', message: `this account does not handle "${money.currency}"` });
  }
  const limit = limits.find((one) => one.currency === money.currency);
  return limit && checkLimit(money.amount, limit, wrong, outside);
}

function checkLimit(amount, limit, wrong, outside) {
  if (limit.min && compare(amount, limit.min) < 0) {
    outside.push({ field: 'amount', message: `at least ${limit.min} ${limit.currency}` });
  }
  if (limit.max && compare(amount, limit.max) > 0) {
    outside.push({ field: 'amount', message: `at most ${limit.max} ${limit.currency}` });
  }
  if (limit.decimals !== undefined && decimals(amount) > limit.decimals) {
    wrong.push({ field: 'amount', message: `at most ${limit.decimals} decimals in ${limit.currency}` });
  }
}

function isObject(bytes) {
  try {
    const value = JSON.parse(bytes);
    return value !== null && typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}
