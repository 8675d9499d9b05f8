// How Acme signs its notices: the header Acme-Signature is "t=TIME,v1=MAC", where MAC is the HMAC-SHA256 of TIME, a point
// and the body, in hex. TIME is in seconds since 1970.
import crypto from 'node:crypto';

const tolerance = 300; // seconds between the signature's time and the notice's arrival

// isSigned tells whether one of the keys signed the body. The time is compared with when the notice was received and never
// with now: a stored notice is read again at any time.
export function isSigned(keys, body, header, receivedAt) {
  const parts = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header ?? '');
  if (!parts) return false;
  const [, time, mac] = parts;
  if (!(Math.abs(receivedAt - Number(time)) <= tolerance)) return false; // also when it is no number
  const given = Buffer.from(mac, 'hex');
  // Every key is tried, and each comparison takes as long as any other.
  return keys.map((key) => crypto.createHmac('sha256', key).update(`${time}.`).update(body).digest())
    .filter((expected) => crypto.timingSafeEqual(given, expected)).length > 0;
}
