// Secrets do not leave the process: not in an answer, an error or a log line.

export const masked = '[secret]';

// A shorter value is not looked for: masking "1" wherever it stands would make every message unreadable.
const minSecret = 4;

// newMask gives a mask that learns secrets with add and takes them out of texts with text. It keeps those of accounts that
// are gone: a late log line can still hold one.
export function newMask() {
  const forms = new Set();
  let pattern = null;
  return {
    add(values) {
      for (const value of values) {
        for (const form of spellings(value)) {
          if (form.length >= minSecret) forms.add(form);
        }
      }
      // The longest first: of two secrets of which one begins the other, nothing may stay.
      const all = [...forms].sort((a, b) => b.length - a.length).map(escapeRegExp);
      pattern = all.length > 0 ? new RegExp(all.join('|'), 'g') : null;
    },
    text(text) {
      return pattern ? text.replace(pattern, masked) : text;
    },
  };
}

// spellings are the ways in which a value may be written: as it is, in a URL or a form, in JSON, in HTML.
function spellings(value) {
  const json = JSON.stringify(value).slice(1, -1);
  const unicode = json.replace(/[<>&]/g, (c) => '\\u00' + c.charCodeAt(0).toString(16));
  const strict = encodeURIComponent(value).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());
  const path = strict.replace(/%(24|26|2B|3A|3D|40)/g, (code) => decodeURIComponent(code));
  const html = value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return [
    value, json, unicode, json.replaceAll('/', '\\/'),
    encodeURIComponent(value), strict, strict.replaceAll('%20', '+'), path,
    html.replace(/"/g, '&#34;').replace(/'/g, '&#39;'), html.replace(/"/g, '&quot;'),
  ];
}

function escapeRegExp(text) {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
