// Reads an account's configuration. The JSON Schema that the plugin shows is what it is checked against, so that the two
// cannot differ. Of JSON Schema it knows what configurations need: texts, lists of texts, booleans and whole numbers, with
// "required", "enum", "default", "minLength" and "format": "uri".
import crypto from 'node:crypto';
import { invalid } from './errors.js';

// endpoint are the keys that every plugin has.
export const endpoint = {
  environment: {
    type: 'string', enum: ['sandbox', 'live'], description: 'Whether money is real.', 'x-payhost-identity': true,
  },
  base_url: {
    type: 'string', format: 'uri', description: "Address of the provider's API, in place of its usual one.",
    'x-payhost-identity': true,
  },
};

// decodeConfig gives the configuration as an object, or throws an error that names everything that is wrong with it. No
// message repeats a value: it could be a secret.
export function decodeConfig(schema, bytes) {
  const given = parseObject(bytes);
  const violations = [];
  const report = (field, message) => violations.push({ field, message });
  const config = {};
  for (const [key, rule] of Object.entries(schema.properties)) {
    const value = given[key];
    if (isAbsent(value, rule)) {
      if (schema.required.includes(key)) report(key, 'is missing');
      else if (rule.default !== undefined) config[key] = rule.default;
    } else {
      config[key] = decodeValue(rule, value, key, report);
    }
  }
  if (config.environment === 'live' && isPlain(config.base_url)) {
    report('base_url', 'must be https in live, unless its host is this machine');
  }
  for (const key of Object.keys(given).sort()) {
    if (!Object.hasOwn(schema.properties, key)) report(shown(key), unknownKey(key, schema.properties));
  }
  if (violations.length > 0) throw invalid(violations, 'the configuration is not valid');
  return config;
}

function parseObject(bytes) {
  let value;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalid([{ field: 'config', message: 'is not JSON' }], 'the configuration is not valid');
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw invalid([{ field: 'config', message: `must be an object, not ${kindOf(value)}` }], 'the configuration is not valid');
  }
  return value;
}

// isAbsent: empty text is a key that is left out, so that a variable that is set to nothing is missing.
function isAbsent(value, rule) {
  return value === undefined || (value === '' && rule.type !== 'boolean' && rule.type !== 'integer')
    || (Array.isArray(value) && value.length === 0 && rule.type === 'array');
}

function decodeValue(rule, value, path, report) {
  if (rule.type === 'array') return decodeList(rule, value, path, report);
  const problem = problemOf(rule, value);
  if (problem) report(path, problem);
  return value;
}

// decodeList takes one text for a list of one.
function decodeList(rule, value, path, report) {
  if (typeof value === 'string') return [decodeValue(rule.items, value, path, report)];
  if (!Array.isArray(value)) {
    report(path, `must be text or a list of texts, not ${kindOf(value)}`);
    return [];
  }
  return value.map((item, i) => {
    if (item === '') report(`${path}[${i}]`, 'is empty');
    return decodeValue(rule.items, item, `${path}[${i}]`, report);
  });
}

// problemOf says what is wrong with one value, "" when nothing is.
function problemOf(rule, value) {
  switch (rule.type) {
    case 'boolean':
      return typeof value === 'boolean' ? '' : `must be true or false, not ${kindOf(value)}`;
    case 'integer':
      return Number.isSafeInteger(value) ? '' : 'must be a whole number';
  }
  if (typeof value !== 'string') {
    const hint = typeof value === 'number' ? ': put it in quotes' : ''; // such as an id with zeros in front
    return `must be text, not ${kindOf(value)}${hint}`;
  }
  if (/[\p{Cc}\u2028\u2029]/u.test(value)) return 'contains a line break or another control character';
  if (!value.isWellFormed() || value.includes('\uFFFD')) return 'contains something that is not a character';
  if ((rule.writeOnly || rule['x-payhost-identity']) && /^[\s\p{Cf}]|[\s\p{Cf}]$/u.test(value)) {
    return "starts or ends with white space, which usually comes from a file's last line";
  }
  if (rule.enum && !rule.enum.includes(value)) return `must be one of "${rule.enum.join('", "')}"`;
  if (rule.minLength && value.length < rule.minLength) return `must have at least ${rule.minLength} characters`;
  return rule.format === 'uri' ? problemOfURL(value) : '';
}

function problemOfURL(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    return 'must be an absolute http or https URL without user information';
  }
  if (!['http:', 'https:'].includes(url.protocol) || !/^https?:\/\//i.test(text) || url.username || url.password) {
    return 'must be an absolute http or https URL without user information';
  }
  return text.includes('?') || text.includes('#') ? 'must be a URL without query and fragment' : '';
}

// isPlain tells whether a URL is http to another machine.
function isPlain(text) {
  if (typeof text !== 'string' || problemOfURL(text)) return false;
  const url = new URL(text);
  return url.protocol === 'http:' && url.hostname !== 'localhost' && url.hostname !== '[::1]' && !/^127\./.test(url.hostname);
}

function kindOf(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return { string: 'text', number: 'a number', boolean: 'true or false', object: 'an object' }[typeof value];
}

// shown keeps a key that can be no key, and may be anything, from filling a message.
function shown(key) {
  return /^[a-z0-9_]{1,64}$/.test(key) ? key : JSON.stringify(key.slice(0, 64));
}

function unknownKey(key, properties) {
  const near = Object.keys(properties).find((known) => distance(key, known) <= 2);
  return near ? `is not a known key: did you mean "${near}"?` : 'is not a known key';
}

// distance is Levenshtein's: how many letters are to be put in, left out or changed.
function distance(a, b) {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

// secretsOf gives the values of the keys that the schema marks as secret.
export function secretsOf(schema, config) {
  return Object.entries(schema.properties)
    .filter(([, rule]) => rule.writeOnly || rule.items?.writeOnly)
    .flatMap(([key]) => config[key] ?? []);
}

// givenSecrets is secretsOf for a configuration that may be wrong in any way: what is said of it may not show them either.
export function givenSecrets(schema, bytes) {
  let given;
  try {
    given = JSON.parse(bytes);
  } catch {
    return [];
  }
  const values = given && typeof given === 'object' ? secretsOf(schema, given) : [];
  return values.filter((value) => typeof value === 'string');
}

// fingerprint digests the keys that say who we are to the provider. Keys without a value do not count, so that a later
// version can add one without changing it, and every length stands in front, so that no two configurations look alike. It is
// what the SDK for Go makes of the same configuration. How base_url is spelled does not count, nor whether the provider's
// usual address, if there is one, is written out.
export function fingerprint(schema, config, usual = '') {
  const base = canonicalURL(config.base_url ?? '');
  const canonical = { ...config, base_url: base === canonicalURL(usual) ? undefined : base };
  return digest(schema, canonical);
}

// canonicalURL spells an address in one way: letter case of scheme and host, the scheme's own port, slashes and points at
// the end, and the names of this machine do not count.
function canonicalURL(text) {
  if (!URL.canParse(text)) return text;
  const { protocol, hostname, port, pathname } = new URL(text);
  const name = hostname.replace(/\.+$/, '');
  const host = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(name) ? '127.0.0.1' : name;
  return `${protocol}//${host}${port ? `:${port}` : ''}${pathname.replace(/\/+$/, '')}`;
}

function digest(schema, config) {
  const parts = Object.keys(schema.properties)
    .filter((key) => schema.properties[key]['x-payhost-identity'])
    .flatMap((key) => (Array.isArray(config[key]) ? config[key].map((item, i) => [`${key}[${i}]`, item]) : [[key, config[key]]]))
    .filter(([, value]) => value) // neither absent nor empty, false or 0
    .map(([path, value]) => [path, String(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, value]) => `${Buffer.byteLength(path)}:${path}${Buffer.byteLength(value)}:${value}`);
  return crypto.createHash('sha256').update(parts.join('')).digest('hex').slice(0, 32);
}
