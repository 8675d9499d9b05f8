// A complete answer of the provider. What its status or body means is for the provider's own code to say; an answer that
// is not as documented proves nothing, whatever its status.
import { unknown } from './errors.js';

const maxExcerpt = 200; // characters of an answer that go into an error
const longestWait = 24 * 3600; // seconds that a provider can ask us to wait

// newResponse gives an answer with its functions. shown is the body as it may be recorded.
export function newResponse({ status, headers, body, mask }) {
  const text = body.toString('utf8');
  const shown = mask.text(/[\x00-\x08\x0b\x0c\x0e-\x1f]/.test(text) ? `[no text, ${body.length} bytes]` : text);
  const unexpected = (why) => unknown(
    'CODE_UNAVAILABLE', `the provider's answer (HTTP ${status}) is not what its document shows: ${why}`,
    { provider_message: shown.replace(/\s+/g, ' ').slice(0, maxExcerpt) },
  );
  return {
    status, headers, shown, unexpected,

    // json gives the body, which must be one JSON object in UTF-8 and nothing else.
    json() {
      let value;
      try {
        value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
      } catch {
        throw unexpected(body.length === 0 ? 'it is empty' : text.trimStart()[0] === '<' ? 'it is HTML' : 'it is no JSON');
      }
      if (value === null || typeof value !== 'object' || Array.isArray(value)) throw unexpected('it is no JSON object');
      return value;
    },

    // mustBePlain refuses what was not asked for: a redirect, which could lead anywhere, or an encoded body.
    mustBePlain() {
      if (status >= 300 && status < 400) throw unexpected('it is a redirect, which is not followed');
      const encoding = headers['content-encoding'];
      if (encoding && encoding !== 'identity') throw unexpected('it has a content encoding, which was not asked for');
    },

    // retryAfter is how long the provider asks to wait, as the contract has it; undefined when it does not say.
    retryAfter() {
      const given = headers['retry-after'];
      if (!given) return undefined;
      const seconds = /^\d+$/.test(given) ? Number(given) : Math.ceil((Date.parse(given) - Date.now()) / 1000);
      if (!(seconds > 0)) return undefined;
      return { seconds: String(Math.min(seconds, longestWait)), nanos: 0 };
    },
  };
}
