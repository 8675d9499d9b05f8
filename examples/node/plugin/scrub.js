// Prepares what goes to the host: free text is masked and cut, and text that is no valid Unicode is made so, because
// protobuf refuses to carry it. Everything else is data, which must not change.

// The fields that are free text, by their names in the contract, with the bytes to which they are cut.
const freeText = {
  message: 2000, provider_message: 2000, provider_code: 200, provider_status: 200, warnings: 2000, error: 2000,
  request_body: 4096, response_body: 4096,
};
const maxURL = 8192;

// scrub gives a copy of a message.
export function scrub(message, mask) {
  return scrubValue(message, '', mask);
}

function scrubValue(value, name, mask, inExchange = false) {
  if (typeof value === 'string') {
    const limit = name === 'url' && inExchange ? maxURL : freeText[name];
    const clean = value.toWellFormed();
    return limit ? cut(mask.text(clean), limit) : clean;
  }
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, name, mask, name === 'exchanges'));
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, scrubValue(inner, key, mask, inExchange)]));
}

// cut shortens text to at most limit bytes, without splitting a character, and says so.
export function cut(text, limit) {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit - 3; // for the mark, which has three bytes
  while (end > 0 && (bytes[end] & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + '…';
}
