package suite

import (
	"encoding/json"
	"fmt"
)

// readable writes what a plugin said for the person who reads the report: as JSON, without what was left empty.
func readable(said any) string {
	text, err := json.Marshal(said)
	if err != nil {
		return fmt.Sprintf("something that cannot be written: %v", err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return string(text)
	}
	if text, err = json.Marshal(filled(value)); err != nil {
		return fmt.Sprintf("something that cannot be written: %v", err)
	}
	return string(text)
}

// filled takes out of a JSON value what is empty; nil is a value of which nothing is left.
func filled(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			if v[key] = filled(member); v[key] == nil {
				delete(v, key)
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = filled(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	case string:
		if v == "" || v == "0001-01-01T00:00:00Z" {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	}
	return value
}
