package formats

import (
	"context"
	"io"
	"strings"
	"testing"
)

func TestBondOf(t *testing.T) {
	const labelled = "URL: https://a.example/\nUsername: u\nPassword: p\n"
	const lines = "https://a.example/:u:p\nhttps://b.example/:u:p\n"
	const system = "IP: 192.0.2.1\nMachineName: PC\nUserName: u\nCountry: DE\nHWID: 00FF\n"
	for _, c := range []struct {
		name, text string
		format     Format
		want       Bond
	}{
		{"list.txt", lines, Auto, BondNone},
		{"steam.txt", lines, Auto, BondNone},
		{"a.jsonl", `{"username":"u","password":"p"}`, Auto, BondNone},
		{"a.json", "[\n{\"username\":\"u\",\"password\":\"p\"}]", Auto, BondNone},
		{"passwords.csv", "url,username,password\nhttps://a.example,u,p\n", Auto, BondNone},
		{"utf16.txt", "\xff\xfeu\x00:\x00p\x00\n\x00", Auto, BondNone},
		{"passwords.txt", lines, Auto, BondLog}, // a machine's, if one is beside it
		{"passwords.txt", lines, ULP, BondNone},
		{"whatever.txt", labelled, Auto, BondLog},
		{"whatever.txt", system, Auto, BondSystem},
		{"whatever.txt", lines, Log, BondSystem},
		{"System.txt", "", Auto, BondSystem},
		{"Cookies.txt", "", Auto, BondLog},
		{"cc.txt", "", Auto, BondLog},
		{"readme.txt", "words\n", Auto, BondRest},
		{"a.jpg", lines, Auto, BondRest},
		{"a.txt", "\x00\x01\x02\x03", Auto, BondRest},
	} {
		open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(c.text)), nil }
		if got := BondOf(context.Background(), Entry{Path: c.name, Size: int64(len(c.text)), Open: open}, c.format); got != c.want {
			t.Errorf("%s as %s: %d, want %d", c.name, c.format, got, c.want)
		}
	}
	for name, want := range map[string]bool{"Chrome": true, "Cookies": true, "FileGrabber": true, "steam": true, "lists": false, "victim_1": false} {
		if got := InLog(name, false); got != want {
			t.Errorf("InLog(%q) is %v", name, got)
		}
	}
	if InLog("steam", true) || !InLog("Files", true) {
		t.Error("InLog at the top")
	}
	if !IsLog("DE[00000000000000000000000000000001] [2024-08-10T07_20_02]") || IsLog("lists") {
		t.Error("IsLog")
	}
}
