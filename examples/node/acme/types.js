// Acme's JSON, and how it maps to the contract. Amounts are texts on both sides; one that comes as a number is refused,
// because JSON.parse has already made a float of it.
import { isAmount, isCurrency } from '../plugin/money.js';

// chargeRequest is what goes out. Our reference is the order: it is unique for ever, which the merchant's own need not be.
export function chargeRequest(request, merchantID) {
  return {
    merchant_id: merchantID,
    order: request.reference,
    amount: request.amount.amount,
    currency: request.amount.currency,
    text: `${request.merchant_reference} ${request.description}`.trim(),
    notify_url: request.notify_url,
    return_url: request.return_url,
    cancel_url: request.cancel_url,
  };
}

// problemOf says what an answer lacks, "" when nothing: JSON.parse does not. Without it any object would be read as a
// payment that never ends.
export function problemOf(charge) {
  const texts = [charge?.id, charge?.order, charge?.state];
  if (!texts.every((text) => typeof text === 'string' && text !== '')) return 'a charge has id, order and state';
  if (!isAmount(charge.amount) || !isCurrency(charge.currency)) return 'a charge has an amount, as text, and a currency';
  return '';
}

// The words of Acme's document. Succeeded is only what cannot be taken back by itself.
const states = {
  open: 'PAYMENT_STATUS_REQUIRES_ACTION',
  pending: 'PAYMENT_STATUS_PROCESSING',
  paid: 'PAYMENT_STATUS_SUCCEEDED',
  declined: 'PAYMENT_STATUS_FAILED',
  expired: 'PAYMENT_STATUS_EXPIRED',
};

// payment gives a charge as the contract has it. The amount is always given: the host compares it with what was asked for,
// which is how an underpaid order is found.
export function payment(charge) {
  const known = Object.hasOwn(states, charge.state);
  const status = known ? states[charge.state] : 'PAYMENT_STATUS_UNDER_REVIEW'; // for a person to look at, never a guess
  const out = {
    provider_reference: charge.id,
    provider_status: charge.state,
    status,
    amount: { amount: charge.amount, currency: charge.currency },
    message: typeof charge.message === 'string' ? charge.message : '',
  };
  if (charge.state === 'open' && typeof charge.pay_url === 'string') {
    out.next_action = { redirect: { url: charge.pay_url, method: 'GET' } };
  }
  return out;
}
