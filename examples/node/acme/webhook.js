// What Acme sends to us: a charge that changed, signed. The host has the notice on disk already, may hand it over again at
// any time, and gives Acme the answer that stands here once everything is stored.
import { notSent } from '../plugin/errors.js';
import { isSigned } from './signature.js';
import { payment, problemOf } from './types.js';

// parse reads one notice. All of the body is signed, so everything in it can be believed.
export function parse(request, keys) {
  const header = request.headers.find(({ name }) => name === 'Acme-Signature')?.value;
  if (!isSigned(keys, request.body, header, Number(request.received_at?.seconds))) {
    throw notSent('CODE_INVALID_SIGNATURE', 'the notice is not signed with one of webhook_keys, or its time is not now');
  }
  let notice;
  try {
    notice = JSON.parse(request.body.toString('utf8'));
  } catch {
    throw notSent('CODE_INVALID_REQUEST', 'the notice is signed but cannot be read');
  }
  // A notice about something else gets the usual answer too: Acme may add kinds.
  const about = notice?.charge && problemOf(notice.charge) === '';
  return {
    verification: 'VERIFICATION_SIGNATURE',
    response: { status: 200, body: Buffer.from('OK') },
    events: about ? [event(notice)] : [],
  };
}

function event({ id, created, charge }) {
  const occurred = Number.isSafeInteger(created) ? { occurred_at: { seconds: String(created), nanos: 0 } } : {};
  return { id: String(id ?? ''), reference: charge.order, payment: payment(charge), ...occurred };
}
