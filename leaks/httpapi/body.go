package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// decodeBody reads one JSON object into dst, strictly, and returns what is
// wrong with it, without its values.
func decodeBody(raw []byte, dst any) []problem {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	wrong := func(typ, msg string, at ...string) []problem {
		return []problem{{append([]string{string(inBody)}, at...), msg, typ}}
	}
	err := d.Decode(dst)
	var (
		mistyped *json.UnmarshalTypeError
		syntax   *json.SyntaxError
	)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		return wrong("missing", "Field required")
	case errors.As(err, &mistyped):
		if mistyped.Field == "" {
			return wrong("model_type", "must be a JSON object")
		}
		return wrong("type_error", "must be "+article(mistyped.Type.Kind().String()), strings.Split(mistyped.Field, ".")...)
	case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF):
		return wrong("json_invalid", "must be JSON")
	default:
		// encoding/json has no type for an unknown field, and its text quotes
		// the name.
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			name = strings.Trim(name, `"`)
			return wrong("extra_forbidden", "There is no such field", name[:min(len(name), maxUnknownName)])
		}
		return wrong("value_error", "is malformed")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return wrong("json_invalid", "must be one JSON value")
	}
	return nil
}

// article says what a JSON value should be, by the kind of Go's.
func article(kind string) string {
	switch {
	case kind == "string":
		return "a string"
	case kind == "bool":
		return "true or false"
	case kind == "slice" || kind == "array":
		return "an array"
	case kind == "struct" || kind == "map":
		return "an object"
	}
	return "a number"
}
