// Package redact replaces secrets in text, in every spelling in which they may
// come back: plain, escaped for a URL, JSON or HTML, in hexadecimal and in
// base64. It is the one redactor of the SDK and the host, so that a spelling
// that one of them knows is known to all. It promises nothing to anybody
// outside of this module.
//
//	Set       the secrets that are known; Text masks a text, JSON one of JSON
//	Set.Head  masks the beginning of a longer text: half a secret at its end
//	          does not come through
//	Stream    masks a text that arrives in pieces
//	In        finds the secrets of a configuration by its JSON Schema
package redact
