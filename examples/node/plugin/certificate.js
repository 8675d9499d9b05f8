// The certificate with which the plugin proves itself to the host that started it. It is made anew at every start and
// lives as long as the process: the host learns it from the handshake's line and trusts no other.
//
// Node.js reads certificates but does not make them. One that is self-signed takes no more than the few lines of DER
// below, which is less to trust than a library would be.
import crypto from 'node:crypto';

const year = 365 * 24 * 3600 * 1000;

// newCertificate gives a key in PEM and a self-signed certificate for "localhost", the name that the host asks for.
export function newCertificate(now = new Date()) {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(set(sequence(oid('2.5.4.3'), utf8('localhost'))));
  const begin = new Date(now.getTime() - 60_000); // the host's clock is ours, but may be set back
  const end = new Date(now.getTime() + 30 * year);
  const toBeSigned = sequence(
    tagged(0, integer(Buffer.from([2]))), // X.509 version 3
    integer(serialNumber()),
    ecdsaWithSHA256,
    name, // who signs
    sequence(time(begin), time(end)),
    name, // who is meant
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(
      extension('2.5.29.17', sequence(element(0x82, Buffer.from('localhost')))), // subjectAltName: DNS name
      extension('2.5.29.15', element(0x03, Buffer.from([7, 0x80]))), // keyUsage: digitalSignature
      // extKeyUsage: serverAuth, and clientAuth as go-plugin's own have it
      extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
    )),
  );
  const signature = crypto.sign('sha256', toBeSigned, privateKey); // DER, as certificates have it
  const der = sequence(toBeSigned, ecdsaWithSHA256, element(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }), der, pem: pem(der) };
}

// A serial number is positive: its first bit is not set. Nor may a zero stand in front.
function serialNumber() {
  const bytes = crypto.randomBytes(16);
  bytes[0] = (bytes[0] & 0x7f) | 0x40;
  return bytes;
}

function pem(der) {
  const lines = der.toString('base64').match(/.{1,64}/g).join('\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

// DER writes every value as its kind, its length and its content.
function element(kind, content) {
  const bytes = [];
  for (let n = content.length; n > 0; n >>>= 8) bytes.unshift(n & 0xff);
  const length = content.length < 128 ? [content.length] : [0x80 | bytes.length, ...bytes];
  return Buffer.concat([Buffer.from([kind, ...length]), content]);
}

function sequence(...parts) { return element(0x30, Buffer.concat(parts)); }
function set(...parts) { return element(0x31, Buffer.concat(parts)); }
function tagged(number, content) { return element(0xa0 | number, content); }
function integer(bytes) { return element(0x02, bytes); }
function utf8(text) { return element(0x0c, Buffer.from(text)); }
function extension(id, value) { return sequence(oid(id), element(0x04, value)); }

// Until 2049 a certificate writes years with two digits, from then on with four.
function time(date) {
  const digits = date.toISOString().replace(/[-:T]/g, '').slice(0, 14) + 'Z';
  return date.getUTCFullYear() < 2050 ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits));
}

// An object identifier's first two numbers are one, and each is written seven bits a byte.
function oid(text) {
  const [first, second, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const sevens = [number & 0x7f];
    for (let n = number >>> 7; n > 0; n >>>= 7) sevens.unshift(0x80 | (n & 0x7f));
    return sevens;
  });
  return element(0x06, Buffer.from(bytes));
}

const ecdsaWithSHA256 = sequence(oid('1.2.840.10045.4.3.2'));
