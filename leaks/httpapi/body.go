package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
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
	if isNull(raw) { // which encoding/json takes for nothing to do
		return wrong("model_type", "must be a JSON object")
	}
	return missingFields(reflect.TypeOf(dst), raw, []string{string(inBody)})
}

func isNull(raw []byte) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }

var jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()

// missingFields returns the fields that the document calls required and that raw,
// which was decoded into a value of type t, does not have.
func missingFields(t reflect.Type, raw []byte, at []string) (bad []problem) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var has map[string]json.RawMessage
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(jsonUnmarshaler) || json.Unmarshal(raw, &has) != nil || has == nil {
		return nil
	}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		place := append(slices.Clip(at), name)
		value, ok := has[name]
		for other, v := range has { // encoding/json does not mind the case either
			if !ok && strings.EqualFold(other, name) {
				value, ok = v, true
			}
		}
		switch {
		case ok:
			bad = append(bad, missingFields(f.Type, value, place)...)
		case !strings.Contains(options, "omit"):
			bad = append(bad, problem{place, "Field required", "missing"})
		}
	}
	return bad
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
