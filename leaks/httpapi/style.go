package httpapi

import (
	"net/http"
	"reflect"
	"strings"
)

// A style is what the two APIs do differently: how a key is handed in and how
// an error looks.
type style struct {
	name           string // the tag of its routes in the OpenAPI document
	scheme         string // the name of its security scheme there
	securityScheme object
	challenge      string // WWW-Authenticate of a 401

	// secret returns the key of a request; empty where there is none.
	secret func(*http.Request) string
	// refusal is the answer to malformed parameters.
	refusal func([]problem) (status int, body any)
	// failure is the body of every other error.
	failure func(*failure) any
	// errorType is the type of the body of a status.
	errorType func(status int) reflect.Type
}

// leaksStyle is that of CONTRACT section 3.
var leaksStyle = &style{
	name:   "leaks",
	scheme: "ApiKey",
	securityScheme: object{
		"type": "apiKey", "in": "header", "name": "X-Api-Key",
	},
	challenge: `ApiKey realm="leakscope"`,
	secret:    func(r *http.Request) string { return single(r.Header["X-Api-Key"]) },
	refusal: func(bad []problem) (int, any) {
		return http.StatusUnprocessableEntity, &detailList{bad}
	},
	failure: func(f *failure) any { return &detailText{f.msg} },
	errorType: func(status int) reflect.Type {
		if status == http.StatusUnprocessableEntity {
			return reflect.TypeFor[detailList]()
		}
		return reflect.TypeFor[detailText]()
	},
}

// workspaceStyle is that of CONTRACT section 4.
var workspaceStyle = &style{
	name:           "workspace",
	scheme:         "Bearer",
	securityScheme: object{"type": "http", "scheme": "bearer"},
	challenge:      `Bearer realm="leakscope"`,
	secret: func(r *http.Request) string {
		scheme, key, _ := strings.Cut(single(r.Header["Authorization"]), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return ""
		}
		return strings.TrimSpace(key)
	},
	refusal: func(bad []problem) (int, any) {
		var lines []string
		for _, p := range bad {
			lines = append(lines, strings.Join(p.Loc[min(1, len(p.Loc)-1):], ".")+": "+p.Msg)
		}
		return http.StatusBadRequest, &errorText{strings.Join(lines, "; ")}
	},
	failure: func(f *failure) any {
		if f.body != nil {
			return f.body
		}
		return &errorText{f.msg}
	},
	errorType: func(status int) reflect.Type {
		switch status {
		case http.StatusForbidden:
			return reflect.TypeFor[forbiddenText]()
		case http.StatusConflict:
			return reflect.TypeFor[conflictText]()
		}
		return reflect.TypeFor[errorText]()
	},
}

// single is the value of a header that must not be repeated; repeated, it is
// none: which of two keys would be meant?
func single(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// The error bodies of the leaks API.
type (
	detailText struct {
		Detail string `json:"detail"`
	}
	detailList struct {
		Detail []problem `json:"detail"`
	}
)

// The error bodies of the workspace API.
type (
	errorText struct {
		Error string `json:"error"`
	}
	forbiddenText struct {
		Error  string `json:"error"`
		Reason string `json:"reason,omitempty"` // with Status, of a billing that blocks
		Status string `json:"status,omitempty"`
	}
	quotaText struct {
		Error     string `json:"error"`
		Metric    string `json:"metric"`
		Used      int    `json:"used"`
		Limit     int    `json:"limit"`
		Increment int    `json:"requestedIncrement"`
	}
	// conflictText is what a 409 may have: quotaText, or no more than its
	// error where something exists already.
	conflictText struct {
		Error     string `json:"error"`
		Metric    string `json:"metric,omitempty"`
		Used      int    `json:"used,omitempty"`
		Limit     int    `json:"limit,omitempty"`
		Increment int    `json:"requestedIncrement,omitempty"`
	}
)

// styleOf is the style of a path that no route knows.
func styleOf(path string) *style {
	if strings.HasPrefix(path, "/leaks") || strings.HasPrefix(path, "/api-keys") {
		return leaksStyle
	}
	return workspaceStyle
}
