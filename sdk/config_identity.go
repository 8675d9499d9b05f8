package sdk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// fingerprintLength is in hexadecimal digits: 128 bits.
const fingerprintLength = 32

// configIdentity fingerprints the values of the keys that are tagged identity, as they are after defaulting. It depends
// on names and values alone, not on the order of fields, and keys without a value do not count: a later version of a
// plugin can add a key without changing the identity of those who do not use it. Nor does it depend on how an address is
// spelled, or on whether the provider's usual one is written out.
func configIdentity(cfg any) string {
	values := map[string]string{}
	var paths []string
	v := reflect.Indirect(reflect.ValueOf(cfg))
	usual := usualAddress(cfg)
	eachConfigValue(planOf(v.Type()), v, "", func(f *configField, path string, v reflect.Value) {
		text := canonicalValue(v)
		if f.uri {
			text = canonicalURL(text)
		}
		if path == baseURLKey && text == usual {
			text = ""
		}
		if f.identity && text != "" {
			values[path] = text
			paths = append(paths, path)
		}
	})
	slices.Sort(paths)
	// Every length is written first, so that no two lists of names and values run together to the same bytes.
	var text []byte
	for _, path := range paths {
		text = fmt.Appendf(text, "%d:%s%d:%s", len(path), path, len(values[path]), values[path])
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:fingerprintLength]
}

// Addresser is implemented by a configuration whose provider has addresses of its own, one for each environment. They are
// what Endpoint.URL takes, and a base_url that is the one of its environment, however it is spelled, is no other identity
// than none.
type Addresser interface {
	Addresses() (sandbox, live string)
}

// baseURLKey is the key of Endpoint.BaseURL.
const baseURLKey = "base_url"

// usualAddress is the canonical address of the configuration's environment without a base_url, "" when it has none.
func usualAddress(cfg any) string {
	a, ok := cfg.(Addresser)
	if !ok {
		return ""
	}
	v := reflect.Indirect(reflect.ValueOf(cfg))
	endpoint, ok := v.FieldByName("Endpoint").Interface().(Endpoint)
	if !ok {
		return ""
	}
	endpoint.BaseURL = ""
	return canonicalURL(endpoint.URL(a.Addresses()))
}

// canonicalURL spells an address in one way: letter case of scheme and host, the scheme's own port, slashes and points at
// the end, and the names of this machine do not count. What is no address stays as it is.
func canonicalURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return text
	}
	u.Scheme = strings.ToLower(u.Scheme)
	host, port := strings.TrimRight(strings.ToLower(u.Hostname()), "."), u.Port()
	if isLoopback(host) {
		host = "127.0.0.1"
	}
	if port == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		port = ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return u.Scheme + "://" + host + strings.TrimRight(u.EscapedPath(), "/")
}

// canonicalValue gives equal values the same text and different ones different texts; a zero value gives "".
func canonicalValue(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case Secret:
		return value.Reveal()
	case decimal.Decimal:
		if value.IsZero() {
			return ""
		}
		return value.String() // without zeros at the end
	}
	if v.IsZero() {
		return ""
	}
	switch v.Kind() {
	case reflect.String:
		return v.String() // not what a String method makes of it
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	default:
		return strconv.FormatInt(v.Int(), 10)
	}
}

// configSecrets gives every secret that is not empty, each once.
func configSecrets(cfg any) []string {
	var out []string
	v := reflect.Indirect(reflect.ValueOf(cfg))
	eachConfigValue(planOf(v.Type()), v, "", func(_ *configField, _ string, v reflect.Value) {
		if s, ok := v.Interface().(Secret); ok && !s.IsZero() && !slices.Contains(out, s.Reveal()) {
			out = append(out, s.Reveal())
		}
	})
	return out
}

// eachConfigValue calls visit for every value in v that is no list and no struct.
func eachConfigValue(p *configPlan, v reflect.Value, prefix string, visit func(*configField, string, reflect.Value)) {
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.FieldByIndex(f.index)
		if !f.list {
			eachConfigItem(f, fv, prefix+f.key, visit)
			continue
		}
		for j := range fv.Len() {
			eachConfigItem(f, fv.Index(j), fmt.Sprintf("%s%s[%d]", prefix, f.key, j), visit)
		}
	}
}

func eachConfigItem(f *configField, v reflect.Value, path string, visit func(*configField, string, reflect.Value)) {
	if f.typ == typeStruct {
		eachConfigValue(f.nested, v, path+".", visit)
		return
	}
	visit(f, path, v)
}
