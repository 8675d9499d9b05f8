package configschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Bounds of a configuration, of options and of an operation's input. Real ones
// have a few hundred bytes.
const (
	maxBytes = 256 << 10
	maxDepth = 16
)

// kind is the kind of a JSON value, in the words of an error message.
type kind string

const (
	kindNull   kind = "null"
	kindBool   kind = "a boolean"
	kindNumber kind = "a number"
	kindText   kind = "text"
	kindList   kind = "a list"
	kindObject kind = "an object"
)

var errNotJSON = errors.New("is not valid JSON")

// jsonNode is one JSON value, with numbers as they were written.
type jsonNode struct {
	kind    kind
	text    string // of a text; a number's digits as written
	truth   bool
	list    []jsonNode
	members []jsonMember   // in the order of the text, each key once
	index   map[string]int // key -> place in members
}

// jsonMember is one key of an object. A repeated key keeps its first value and
// is an error wherever it is known.
type jsonMember struct {
	key      string
	value    jsonNode
	repeated bool
}

// member returns the member of that exact key, nil when there is none.
func (n *jsonNode) member(key string) *jsonMember {
	i, ok := n.index[key]
	if !ok {
		return nil
	}
	return &n.members[i]
}

// parseObject reads one JSON object. Its errors never quote the text, which may
// hold secrets. Empty text is an empty object, so that what is missing is
// reported key by key.
func parseObject(text []byte) (*jsonNode, error) {
	if len(text) > maxBytes {
		return nil, fmt.Errorf("has %d bytes; at most %d are allowed", len(text), maxBytes)
	}
	if !utf8.Valid(text) {
		return nil, errors.New("is not UTF-8")
	}

	if len(bytes.TrimSpace(text)) == 0 {
		return &jsonNode{kind: kindObject}, nil
	}

	// Checked as a whole first: the token reader below then meets well-formed
	// JSON only.
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("%w (byte %d)", errNotJSON, syntax.Offset)
		}
		return nil, errNotJSON
	}

	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	root, err := readNode(decoder, 0)
	if err != nil {
		return nil, err
	}

	if root.kind != kindObject {
		return nil, fmt.Errorf("must be an object, not %s", root.kind)
	}

	return &root, nil
}

func readNode(decoder *json.Decoder, depth int) (jsonNode, error) {
	token, err := decoder.Token()
	if err != nil {
		return jsonNode{}, errNotJSON
	}

	switch value := token.(type) {
	case bool:
		return jsonNode{kind: kindBool, truth: value}, nil
	case json.Number:
		return jsonNode{kind: kindNumber, text: value.String()}, nil
	case string:
		return jsonNode{kind: kindText, text: value}, nil
	case json.Delim:
		// The depth is bounded on the way down, before a hostile text can use
		// up the stack.
		if depth == maxDepth {
			return jsonNode{}, fmt.Errorf("is nested more than %d levels deep", maxDepth)
		}
		if value == '[' {
			return readList(decoder, depth+1)
		}

		return readObject(decoder, depth+1)
	default:
		return jsonNode{kind: kindNull}, nil
	}
}

func readList(decoder *json.Decoder, depth int) (jsonNode, error) {
	list := jsonNode{kind: kindList}
	for decoder.More() {
		item, err := readNode(decoder, depth)
		if err != nil {
			return list, err
		}
		list.list = append(list.list, item)
	}

	_, err := decoder.Token() // the closing bracket
	return list, err
}

func readObject(decoder *json.Decoder, depth int) (jsonNode, error) {
	object := jsonNode{kind: kindObject, index: map[string]int{}}
	for decoder.More() {
		key, err := readNode(decoder, depth)
		if err != nil {
			return object, err
		}
		value, err := readNode(decoder, depth)
		if err != nil {
			return object, err
		}

		if at, ok := object.index[key.text]; ok {
			object.members[at].repeated = true
			continue
		}

		object.index[key.text] = len(object.members)
		object.members = append(object.members, jsonMember{key: key.text, value: value})
	}

	_, err := decoder.Token() // the closing brace
	return object, err
}
