// One call of the host, as the provider's method gets it.

const maxExchanges = 16; // that a call reports: the first ones
const longestTimer = 2 ** 31 - 1;

// newCall gives what lasts as long as the call: signal, which is aborted when the host has given up or the deadline has
// passed, deadline, in milliseconds since 1970, and exchanges, to which requests to the provider are added.
export function newCall(grpcCall, logger) {
  const controller = new AbortController();
  // The host also sends the deadline as a moment: gRPC counts anew where a call arrives.
  const sent = grpcCall.metadata?.get('payhost-deadline')[0];
  const moment = sent === undefined ? Infinity : Number(sent) / 1000 || 0;
  const deadline = Math.min(Number(grpcCall.getDeadline()), moment); // a Date, or Infinity
  const left = deadline - Date.now();
  if (grpcCall.cancelled || left <= 0) controller.abort(new Error("the call's deadline had passed"));
  grpcCall.on('cancelled', () => controller.abort(new Error('the call was given up')));
  const timer = setTimeout(() => controller.abort(new Error("the call's deadline passed")), Math.min(left, longestTimer));
  const exchanges = [];
  return {
    signal: controller.signal,
    deadline,
    exchanges,
    logger,
    record: (exchange) => { if (exchanges.length < maxExchanges) exchanges.push(exchange); },
    end: () => clearTimeout(timer),
  };
}
