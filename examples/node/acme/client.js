// One request to Acme's API, and what its errors mean.
import { refused, unknown } from '../plugin/errors.js';

// Acme's error codes. One that is not in its document becomes CODE_DECLINED: Acme said no.
const codes = {
  invalid: 'CODE_INVALID_REQUEST',
  credentials: 'CODE_AUTHENTICATION',
  forbidden: 'CODE_PERMISSION',
  declined: 'CODE_DECLINED',
  limit: 'CODE_LIMIT',
  not_found: 'CODE_NOT_FOUND',
  duplicate: 'CODE_DUPLICATE',
  slow_down: 'CODE_RATE_LIMITED',
};

// ask sends one request, once, and gives its answer when problemOf finds nothing missing in it. Everything but the
// documented answer is an error that leaves the outcome open.
export async function ask(http, apiKey, call, { method, path, key, body }, problemOf) {
  const headers = { Authorization: `Bearer ${apiKey}` };
  if (body) headers['Content-Type'] = 'application/json';
  if (key) headers['Idempotency-Key'] = key;
  const response = await http.request(call, { method, path, headers, body: body && JSON.stringify(body) });
  if (response.status < 200 || response.status > 299) throw refusal(response);
  const answer = response.json();
  const problem = problemOf(answer);
  if (problem) throw response.unexpected(problem);
  return answer;
}

// refusal reads an answer that is no success. Only Acme's own error body with a status of 4xx proves that nothing was
// done: the same status with another body may come from something in between.
function refusal(response) {
  if (response.status >= 500) return response.unexpected('a failure on its side');
  const { error } = response.json();
  if (typeof error?.code !== 'string' || error.code === '') return response.unexpected('an error has a code');
  const code = Object.hasOwn(codes, error.code) ? codes[error.code] : 'CODE_DECLINED';
  const words = typeof error.message === 'string' ? error.message : '';
  if (code === 'CODE_DUPLICATE') {
    // This attempt did nothing, but an earlier one of the same intent may have.
    return unknown(code, 'the provider knows this order already', { provider_code: error.code, provider_message: words });
  }
  return refused(code, error.code, words, { retry_after: response.retryAfter() });
}
