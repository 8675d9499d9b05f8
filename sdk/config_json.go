package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// What a configuration, options or an operation's input may weigh. Real ones have a few hundred bytes.
const (
	maxConfigBytes = 256 << 10
	maxConfigDepth = 16
)

// configKind is the kind of a JSON value, in the words of an error message.
type configKind string

const (
	configNull   configKind = "null"
	configBool   configKind = "a boolean"
	configNumber configKind = "a number"
	configText   configKind = "text"
	configList   configKind = "a list"
	configObject configKind = "an object"
)

// configNode is one JSON value, with numbers as they were written.
type configNode struct {
	kind    configKind
	text    string // of a text; a number's digits as written
	truth   bool
	list    []configNode
	members []configMember // in the order of the text, each key once
	index   map[string]int // key -> place in members
}

// configMember is one key of an object. A repeated key keeps its first value and is an error wherever it is known.
type configMember struct {
	key      string
	value    configNode
	repeated bool
}

// member gives the member of that exact key, nil when there is none.
func (n *configNode) member(key string) *configMember {
	i, ok := n.index[key]
	if !ok {
		return nil
	}
	return &n.members[i]
}

// parseConfigObject reads one JSON object. Its errors never quote the text, which may hold secrets. Empty text is an
// empty object, so that what is missing is reported key by key.
func parseConfigObject(text []byte) (*configNode, error) {
	if len(text) > maxConfigBytes {
		return nil, fmt.Errorf("has %d bytes; at most %d are allowed", len(text), maxConfigBytes)
	}
	if !utf8.Valid(text) {
		return nil, errors.New("is not UTF-8")
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return &configNode{kind: configObject}, nil
	}
	// Checked as a whole first: the token reader below then meets well-formed JSON only.
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("is not valid JSON (byte %d)", syntax.Offset)
		}
		return nil, errors.New("is not valid JSON")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	n, err := readConfigNode(d, 0)
	if err != nil {
		return nil, err
	}
	if n.kind != configObject {
		return nil, fmt.Errorf("must be an object, not %s", n.kind)
	}
	return &n, nil
}

func readConfigNode(d *json.Decoder, depth int) (configNode, error) {
	token, err := d.Token()
	if err != nil {
		return configNode{}, errors.New("is not valid JSON")
	}
	switch t := token.(type) {
	case bool:
		return configNode{kind: configBool, truth: t}, nil
	case json.Number:
		return configNode{kind: configNumber, text: t.String()}, nil
	case string:
		return configNode{kind: configText, text: t}, nil
	case json.Delim:
		if depth == maxConfigDepth {
			return configNode{}, fmt.Errorf("is nested more than %d levels deep", maxConfigDepth)
		}
		if t == '[' {
			return readConfigList(d, depth+1)
		}
		return readConfigMembers(d, depth+1)
	default:
		return configNode{kind: configNull}, nil
	}
}

func readConfigList(d *json.Decoder, depth int) (configNode, error) {
	n := configNode{kind: configList}
	for d.More() {
		item, err := readConfigNode(d, depth)
		if err != nil {
			return n, err
		}
		n.list = append(n.list, item)
	}
	_, err := d.Token()
	return n, err
}

func readConfigMembers(d *json.Decoder, depth int) (configNode, error) {
	n := configNode{kind: configObject, index: map[string]int{}}
	for d.More() {
		key, err := readConfigNode(d, depth)
		if err != nil {
			return n, err
		}
		value, err := readConfigNode(d, depth)
		if err != nil {
			return n, err
		}
		if at, ok := n.index[key.text]; ok {
			n.members[at].repeated = true
			continue
		}
		n.index[key.text] = len(n.members)
		n.members = append(n.members, configMember{key: key.text, value: value})
	}
	_, err := d.Token()
	return n, err
}
