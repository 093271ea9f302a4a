package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/examples/internal/storekey"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

// The curl lines of the README do what they say, in their order. A shell splits
// them; what curl would do with its arguments is done here, so that it need not
// be there.
func TestReadme(t *testing.T) {
	dir := t.TempDir()
	ingestSample(t, dir)
	d := start(t, dir)
	env := map[string]string{"LEAKD": d.url, "ADMIN": secretForm.FindString(d.stdout.String())}
	answers := map[string]string{}
	lines := curlLines(t)
	for _, line := range lines {
		method, url, header, body := splitCurl(t, line, env)
		req, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for _, h := range header {
			name, value, _ := strings.Cut(h, ": ")
			req.Header.Set(name, value)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode/100 != 2 {
			t.Fatalf("%s: %d %s, %v", line, resp.StatusCode, text, err)
		}
		path, _, _ := strings.Cut(strings.TrimPrefix(url, d.url), "?")
		answers[path] = string(text)
		var made struct{ Data struct{ ID, Secret string } }
		if method == "POST" && json.Unmarshal(text, &made) == nil {
			switch path {
			case "/api/v1/admin/workspaces":
				env["WORKSPACE"] = made.Data.ID
			case "/api/v1/admin/keys":
				env["KEY"] = made.Data.Secret
			}
		}
	}
	for path, want := range map[string]string{
		"/leaks/me":                     `"name":"Example Org"`,
		"/leaks/details":                `"root_domain":"example.com"`,
		"/leaks/stats/analytics":        `"total_leaks":`,
		"/leaks/details/export":         `"root_domain":"example.com"`,
		"/api/v1/dataleaks/credentials": `"pageSize":10`,
		"/api/v1/watchlists/stats":      `"kind":"domain","used":1`,
		"/api/v1/monitors":              `"threshold":5`,
		"/api/v1/events":                `"totalRecords":0`,
		"/openapi.json":                 `"openapi":"3.0`,
	} {
		if !strings.Contains(answers[path], want) {
			t.Errorf("%s has no %s: %.300s", path, want, answers[path])
		}
	}
	if len(lines) != 12 {
		t.Errorf("%d lines of curl in the README", len(lines))
	}
}

// ingestSample puts the quickstart's sample into the store that start opens.
func ingestSample(t *testing.T, dir string) {
	t.Helper()
	k, err := storekey.Find(filepath.Join(dir, "store"), filepath.Join(dir, "key"), true)
	if err != nil {
		t.Fatal(err)
	}
	s, err := leaks.Open(filepath.Join(dir, "store"), &leaks.Options{Key: k.Key})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../quickstart/sample/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no sample", err)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Ingest(t.Context(), formats.Read(t.Context(), f, formats.Options{File: name}), nil); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// curlLines are the commands of the README that start with curl.
func curlLines(t *testing.T) (lines []string) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	joined := strings.ReplaceAll(string(text), "\\\n", " ")
	for line := range strings.Lines(joined) {
		if strings.HasPrefix(line, "curl ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// splitCurl says what a curl command would send.
func splitCurl(t *testing.T, line string, env map[string]string) (method, url string, header []string, body string) {
	t.Helper()
	cmd := exec.Command("sh", "-euc", `curl() { for a in "$@"; do printf '%s\0' "$a"; done; }; `+line)
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	args := strings.Split(string(bytes.TrimSuffix(out, []byte{0})), "\x00")
	method = "GET"
	for i := 0; i < len(args); i++ {
		switch a := args[i]; a {
		case "-s":
		case "-H", "-d", "-X":
			i++
			switch a {
			case "-H":
				header = append(header, args[i])
			case "-d":
				method, body = "POST", args[i]
			default:
				method = args[i]
			}
		default:
			if strings.HasPrefix(a, "-") || url != "" {
				t.Fatalf("%s: what is %s?", line, a)
			}
			url = a
		}
	}
	return method, url, header, body
}
