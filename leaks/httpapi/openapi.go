package httpapi

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// object is a JSON object under construction; encoding/json sorts its keys, so
// the document is the same every time.
type object = map[string]any

// document makes the OpenAPI 3.0 document of routes, from their own tables and
// types.
func document(routes []*endpoint) ([]byte, error) {
	s := &schemas{defs: object{}, names: map[reflect.Type]string{}}
	paths, security, tags := object{}, object{}, []object{}
	for _, ep := range routes {
		op, err := s.operation(ep)
		if err != nil {
			return nil, fmt.Errorf("httpapi: %s %s: %w", ep.method, ep.path, err)
		}
		item, _ := paths[ep.path].(object)
		if item == nil {
			item = object{}
			paths[ep.path] = item
		}
		item[strings.ToLower(ep.method)] = op
		if security[ep.api.scheme] == nil {
			security[ep.api.scheme] = ep.api.securityScheme
			tags = append(tags, object{"name": ep.api.name})
		}
	}
	return json.Marshal(object{
		"openapi": "3.0.3",
		"info": object{
			"title":   "leakscope",
			"version": "1",
			"description": "Known leaked credentials of the domains, users, keywords and cards that an organisation watches. " +
				"All times are UTC. No answer holds a password: masks only.",
		},
		"servers":    []object{{"url": "/"}},
		"tags":       tags,
		"paths":      paths,
		"components": object{"schemas": s.defs, "securitySchemes": security},
	})
}

// operation describes one route.
func (s *schemas) operation(ep *endpoint) (object, error) {
	op := object{
		"operationId": operationID(ep),
		"summary":     ep.summary,
		"tags":        []string{ep.api.name},
	}
	if ep.doc != "" {
		op["description"] = ep.doc
	}
	statuses := append([]int{http.StatusRequestURITooLong, http.StatusInternalServerError, http.StatusServiceUnavailable}, ep.errors...)
	if ep.access == public {
		op["security"] = []object{}
	} else {
		op["security"] = []object{{ep.api.scheme: []string{}}}
		statuses = append(statuses, http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusGatewayTimeout)
	}
	if ep.access == msspKey || ep.access == adminKey {
		statuses = append(statuses, http.StatusForbidden)
	}
	params := []object{}
	refusal, _ := ep.api.refusal(nil)
	// A query that no line of the table knows is refused everywhere.
	statuses = append(statuses, refusal)
	for _, p := range ep.table() {
		if p.in != inBody {
			params = append(params, p.describe())
			continue
		}
		schema, err := s.of(reflect.TypeOf(p.body).Elem())
		if err != nil {
			return nil, err
		}
		op["requestBody"] = object{"required": true, "description": p.doc, "content": object{"application/json": object{"schema": schema}}}
		statuses = append(statuses, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if len(params) > 0 {
		op["parameters"] = params
	}
	responses := object{}
	for _, status := range statuses {
		schema, err := s.of(ep.api.errorType(status))
		if err != nil {
			return nil, err
		}
		responses[strconv.Itoa(status)] = response(http.StatusText(status), "application/json", schema, status)
	}
	schema, media, what := object{"type": "string"}, linesMedia, "One JSON value a line"
	if ep.lines == nil {
		var err error
		if schema, err = s.of(ep.answer); err != nil {
			return nil, err
		}
		media, what = "application/json", "The answer"
	} else {
		line := []object{}
		for _, t := range ep.lines {
			one, err := s.of(t)
			if err != nil {
				return nil, err
			}
			line = append(line, one)
		}
		op["x-line-schema"] = object{"oneOf": line}
	}
	ok := orDefault(ep.status, http.StatusOK)
	responses[strconv.Itoa(ok)] = response(what, media, schema, ok)
	op["responses"] = responses
	return op, nil
}

// response describes the answer of one status.
func response(what, media string, schema object, status int) object {
	headers := object{"X-Request-Id": object{"description": "Names this request in the server's log", "schema": object{"type": "string"}}}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		headers["Retry-After"] = object{"description": "Seconds to wait", "schema": object{"type": "integer"}}
	}
	return object{"description": what, "headers": headers, "content": object{media: object{"schema": schema}}}
}

// operationID spells a route as a name: getLeaksDetailsByHash.
func operationID(ep *endpoint) string {
	id := strings.ToLower(ep.method)
	for part := range strings.FieldsFuncSeq(ep.path, func(r rune) bool { return strings.ContainsRune("/-_.{}", r) }) {
		id += strings.ToUpper(part[:1]) + part[1:]
	}
	return id
}

// describe returns the parameter as OpenAPI has it.
func (p *param) describe() object {
	schema := object{"type": "string"}
	switch {
	case p.choice != nil:
		schema["enum"] = p.choice
	case p.kind == kindInteger:
		schema["type"] = "integer"
		schema["minimum"] = p.min
		if p.max < math.MaxInt {
			schema["maximum"] = p.max
		}
	case p.kind == kindDay:
		schema["format"] = "date"
	default:
		if p.min > 0 {
			schema["minLength"] = 1 // the bound is in bytes
		}
		if p.max > 0 {
			schema["maxLength"] = p.max
		}
		if p.form != nil {
			schema["pattern"] = p.form.pattern.String()
		}
	}
	if p.def != "" {
		if n, err := strconv.Atoi(p.def); err == nil && p.kind == kindInteger {
			schema["default"] = n
		} else {
			schema["default"] = p.def
		}
	}
	out := object{"name": p.name, "in": string(p.in), "description": p.doc, "schema": schema}
	if p.must {
		out["required"] = true
	}
	if p.repeat {
		out["schema"] = object{"type": "array", "items": schema}
		out["style"], out["explode"] = "form", true
	}
	if p.in == inQuery && p.kind == kindText && p.allowsEmpty() {
		out["allowEmptyValue"] = true
	}
	return out
}
