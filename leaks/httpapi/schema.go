package httpapi

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/leakscope/leakscope/leaks"
)

// schemas derives OpenAPI schemas from Go types as encoding/json would write
// them. Structs become components by their names.
type schemas struct {
	defs  object
	names map[reflect.Type]string
}

// spelled are the types that write their JSON themselves.
var spelled = map[reflect.Type]object{
	reflect.TypeFor[leaks.Time](): {
		"type": "string", "pattern": `^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})?$`,
		"description": "UTC, 2006-01-02T15:04:05; empty when unknown", "example": "2026-11-21T09:00:00",
	},
	reflect.TypeFor[time.Time](): {"type": "string", "format": "date-time"},
	reflect.TypeFor[rawObject](): {"type": "object"},
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// of returns the schema of a type.
func (s *schemas) of(t reflect.Type) (object, error) {
	if o, ok := spelled[t]; ok {
		return o, nil
	}
	if t.Kind() != reflect.Pointer && (t.Implements(jsonMarshaler) || reflect.PointerTo(t).Implements(jsonMarshaler)) {
		return nil, fmt.Errorf("%s writes its own JSON, and schema.go does not say how", t)
	}
	if t.Kind() != reflect.Pointer && t.Implements(textMarshaler) {
		return object{"type": "string"}, nil
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}, nil
	case reflect.Bool:
		return object{"type": "boolean"}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}, nil
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}, nil
	case reflect.Slice, reflect.Array:
		items, err := s.of(t.Elem())
		return object{"type": "array", "items": items}, err
	case reflect.Map:
		values, err := s.of(t.Elem())
		return object{"type": "object", "additionalProperties": values}, err
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Struct:
		return s.component(t)
	case reflect.Interface:
		return object{}, nil
	}
	return nil, fmt.Errorf("no JSON schema for %s", t)
}

// component returns a reference to the component of a struct type, and makes
// it when it is missing.
func (s *schemas) component(t reflect.Type) (object, error) {
	name, ok := s.names[t]
	if !ok {
		name = typeName(t)
		if _, taken := s.defs[name]; taken {
			pkg := t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]
			name = title(pkg) + name
		}
		s.names[t] = name
		s.defs[name] = object{} // ends a recursion
		def := object{"type": "object"}
		properties, required := object{}, []string{}
		if err := s.fields(t, properties, &required); err != nil {
			return nil, err
		}
		def["properties"] = properties
		if len(required) > 0 {
			def["required"] = required
		}
		s.defs[name] = def
	}
	return object{"$ref": "#/components/schemas/" + name}, nil
}

// fields adds the fields of a struct, those of embedded ones included.
func (s *schemas) fields(t reflect.Type, properties object, required *[]string) error {
	for f := range t.Fields() {
		tag, tagged := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		if tag == "-" || (!f.IsExported() && !f.Anonymous) {
			continue
		}
		if f.Anonymous && name == "" {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				if err := s.fields(inner, properties, required); err != nil {
					return err
				}
				continue
			}
		}
		if !tagged || name == "" {
			name = f.Name
		}
		schema, err := s.of(f.Type)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t, f.Name, err)
		}
		if f.Type.Kind() == reflect.Pointer {
			schema = nullable(schema)
		}
		properties[name] = schema
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			*required = append(*required, name)
		}
	}
	return nil
}

// nullable allows null beside what a schema describes.
func nullable(schema object) object {
	if _, ref := schema["$ref"]; ref {
		return object{"allOf": []object{schema}, "nullable": true}
	}
	out := object{"nullable": true}
	for k, v := range schema {
		out[k] = v
	}
	return out
}

// typeName spells a type without packages: paging[watchlist.Entry] is
// PagingEntry.
func typeName(t reflect.Type) string {
	name := ""
	for part := range strings.FieldsFuncSeq(t.Name(), func(r rune) bool { return strings.ContainsRune("[],*", r) }) {
		name += title(part[strings.LastIndexAny(part, "./")+1:])
	}
	return name
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
