// How a call fails: with a code that says what kind of failure it was, and an outcome that says whether the provider may
// have acted. docs/errors.md in Payhost's repository says when to use which.
import { Metadata, status } from '@grpc/grpc-js';
import { statusDetails } from './descriptors.js';

// ProviderError is what a verb throws. Its fields are those of the contract's ErrorDetail; without an outcome it is in
// doubt, and so is every other error that is thrown.
export class ProviderError extends Error {
  constructor(code, outcome, message, more = {}) {
    super(message);
    this.detail = { code, outcome, message, ...more };
  }
}

// notSent: proven that no byte of the request left this machine.
export function notSent(code, message, more) {
  return new ProviderError(code, 'OUTCOME_NOT_SENT', message, more);
}

// refused: proven that the provider answered, and that its answer says that it did nothing. Its own words go along.
export function refused(code, providerCode, providerMessage, more) {
  return new ProviderError(code, 'OUTCOME_REFUSED', 'the provider refused',
    { provider_code: providerCode, provider_message: providerMessage, ...more });
}

// unknown: anything else, which is the default.
export function unknown(code, message, more) {
  return new ProviderError(code, 'OUTCOME_UNKNOWN', message, more);
}

// invalid: the request is wrong, found before anything was sent. Every violation names a field.
export function invalid(violations, message = 'the request is not valid') {
  return notSent('CODE_INVALID_REQUEST', message, { violations: violations.slice(0, maxViolations) });
}

// Violations travel in the trailer of an answer, where room is short.
const maxViolations = 64;

// detailOf gives the contract's ErrorDetail of whatever was thrown.
export function detailOf(err) {
  if (err instanceof ProviderError) return { ...err.detail };
  return { code: 'CODE_INTERNAL', outcome: 'OUTCOME_UNKNOWN', message: `a fault of the plugin: ${err?.message || err}` };
}

// grpcCodes are for people and tools that watch the wire: hosts read the detail alone.
const grpcCodes = {
  CODE_INVALID_REQUEST: status.INVALID_ARGUMENT,
  CODE_AUTHENTICATION: status.UNAUTHENTICATED,
  CODE_PERMISSION: status.PERMISSION_DENIED,
  CODE_DECLINED: status.FAILED_PRECONDITION,
  CODE_INSUFFICIENT_FUNDS: status.FAILED_PRECONDITION,
  CODE_LIMIT: status.OUT_OF_RANGE,
  CODE_NOT_FOUND: status.NOT_FOUND,
  CODE_DUPLICATE: status.ALREADY_EXISTS,
  CODE_RATE_LIMITED: status.RESOURCE_EXHAUSTED,
  CODE_UNAVAILABLE: status.UNAVAILABLE,
  CODE_NOT_SUPPORTED: status.UNIMPLEMENTED,
  CODE_INVALID_SIGNATURE: status.INVALID_ARGUMENT,
};

// toStatus is what @grpc/grpc-js ends a call with. The typed detail is in the trailer.
export function toStatus(detail) {
  const code = grpcCodes[detail.code] ?? status.INTERNAL;
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', statusDetails(code, detail.message, detail));
  return { code, details: detail.message, metadata };
}
