package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const documentsSample = `{"name":"contracts.zip","domain":"www.example.com","url":"https://u:canary-9@files.example/c","source":"feed","size":2048,"sha256":"` + sampleSum + `","publishedAt":"2026-10-01","detectedAt":"2026-11-01T10:00:00"}
{"name":"contracts.zip","domain":"www.example.com","url":"https://files.example/c","sha256":"` + sampleSum + `","detectedAt":"2026-11-03"}
{"name":"x","domain":"example.org","detectedAt":"2026-11-02"}
{"name":"x"}
{"name":
`

const sampleSum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

const cardsSample = "Card Number;Exp;Country;CVV;Name on card\r\n" +
	"4111 1111 1111 1111;09/27;de;123;ADA LOVELACE\r\n" +
	"4111-1111-1111-1111;2027-09;DE;123;ADA\r\n" +
	"\"5555555555554444\";1/30;;;\r\n" +
	"4111111111111112;09/27;DE;;\r\n"

// A dataPage is a page of any data set.
type dataPage struct {
	Data       []map[string]any `json:"data"`
	Total      int              `json:"total"`
	Page       int              `json:"page"`
	PageSize   int              `json:"page_size"`
	TotalPages int              `json:"total_pages"`
}

func TestDatasets(t *testing.T) {
	h := newHouse(t)
	docs, cards := h.write("docs.jsonl", documentsSample), h.write("cards.csv", cardsSample)
	rejects := filepath.Join(h.dir, "rejects")
	r := h.run("ingest", "--dataset", "documents", "--rejects", rejects, docs)
	r.want(t, 0, "2 of 5 records rejected")
	if got := r.summary(t); got.Files != 1 || got.Ingested != 3 || got.RejectReasons["domain"] != 1 || got.RejectReasons["bad_json"] != 1 {
		t.Errorf("documents: %+v", got)
	}
	r = h.run("ingest", "--dataset", "cards", "--source", "shop", "--seen", "2026-11-04", "--rejects", rejects, cards)
	r.want(t, 0, "1 of 4 records rejected (card_number 1)")
	if got := h.run("ingest", "--dataset", "cards", "--source", "shop", cards).summary(t); got.SkippedFiles != 1 {
		t.Errorf("again: %+v", got)
	}
	// In an archive they are found by their names.
	packed := h.zipped("all.zip", map[string]string{"a/cards.csv": cardsSample, "a/readme.md": "hello", "a/bad.csv": "no,known,column\n"})
	r = h.run("ingest", "--dataset", "cards", "--source", "zip", "--seen", "2026-11-05", packed)
	r.want(t, 1, "all.zip!/a/bad.csv", "no known column")
	if got := r.summary(t); got.Ingested != 3 {
		t.Errorf("of the archive: %+v", got)
	}

	r = h.run("--json", "documents", "--domain", "Example.com").quiet(t)
	checkOrder(t, r, strings.Fields("id name domain url source size sha256 publishedAt detectedAt"))
	if got := decode[dataPage](t, r); got.Total != 1 || got.Data[0]["detectedAt"] != "2026-11-01T10:00:00" ||
		got.Data[0]["url"] != "https://files.example/c" || got.Data[0]["size"] != 0.0 || got.Data[0]["domain"] != "www.example.com" {
		t.Errorf("documents: %s", r.stdout)
	}
	r = h.run("--json", "cards", "--bin", "411111", "--sort-by", "last4").quiet(t)
	checkOrder(t, r, strings.Fields("id bin last4 brand expiry country source detectedAt"))
	if got := decode[dataPage](t, r); got.Total != 1 || got.Data[0]["bin"] != "41111111" || got.Data[0]["last4"] != "1111" ||
		got.Data[0]["brand"] != "Visa" || got.Data[0]["expiry"] != "2027-09" || got.Data[0]["source"] != "zip" || got.Data[0]["detectedAt"] != "2026-11-04T00:00:00" {
		t.Errorf("cards: %s", r.stdout)
	}
	if got := h.run("cards").quiet(t).stdout; !strings.Contains(got, "55555555  4444") || !strings.Contains(got, "2 cards, page 1 of 1") {
		t.Errorf("cards:\n%s", got)
	}
	h.run("documents", "--search", "CONTRACTS").quiet(t)
	h.run("info").quiet(t)
	h.run("verify").quiet(t)
	h.run("cards", "--bin", "41").want(t, 2, "--bin")
	h.run("cards", "--reverse").want(t, 2, "--sort-by")
	h.run("documents", "--sort-by", "id").want(t, 2, "--sort-by")
	h.run("ingest", "--dataset", "cards", "--format", "ulp", cards).want(t, 2, "jsonl or csv")
	h.run("ingest", "--dataset", "cards", h.write("bad.csv", "a,b\n1,2\n")).want(t, 1, "no known column")
	h.checkNoSecret(h.store, rejects)
	for _, path := range []string{h.store, rejects} {
		err := filepath.WalkDir(path, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			for _, s := range []string{"4111111111111111", "4111 1111", "5555555555554444", "LOVELACE"} {
				if bytes.Contains(b, []byte(s)) {
					t.Errorf("%s holds %s", path, s)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestCardsOfLogs: the cards in a stealer's log come with its credentials, and
// its machine can be looked up.
func TestCardsOfLogs(t *testing.T) {
	h := newHouse(t)
	files := map[string]string{}
	for name, text := range map[string]string{
		"Passwords.txt":              "URL: https://portal.example.com/login\nUsername: ada@example.com\nPassword: canary-1\nApplication: Chrome\n",
		"System.txt":                 "HWID: 0123456789ABCDEF\nCountry: DE\nComputer Name: PC-1\n",
		"CreditCards/Chrome.txt":     "Holder: ADA\nCardNumber: 4111111111111111\nExpiration: 09/2027\n",
		"CreditCards/Chrome(1).txt":  "Holder: ADA\nCardNumber: 4111111111111111\nExpiration: 09/2027\n",
		"CreditCards/Other Card.txt": "CardNumber: 5555555555554444\nExpiration: 01/2028\n",
	} {
		files["DE[0123456789ABCDEF] [2026-10-01]/"+name] = text
	}
	log := h.tree("logs", files)
	for range 2 {
		h.run("ingest", "--source", "feed", log)
	}
	h.run("ingest", "--source", "feed", "--seen", "2026-11-01", h.zipped("log.zip", files))
	r := h.run("--json", "cards", "--sort-by", "bin").quiet(t)
	got := decode[dataPage](t, r)
	if got.Total != 2 || got.Data[0]["bin"] != "411111" || got.Data[0]["last4"] != "1111" || got.Data[0]["expiry"] != "2027-09" ||
		got.Data[0]["country"] != "DE" || got.Data[0]["source"] != "feed" || got.Data[1]["bin"] != "555555" {
		t.Errorf("cards: %s", r.stdout)
	}
	r = h.run("--json", "machine", "0123456789ABCDEF", "--identifier", "example.com").quiet(t)
	m := decode[map[string]any](t, r)
	if m["computer_name"] != "PC-1" || m["total"] != 1.0 || m["country"] != "DE" {
		t.Errorf("machine: %s", r.stdout)
	}
	h.run("machine", "0123456789ABCDEF").quiet(t)
	h.run("machine", "0123456789ABCDEF", "--identifier", "example.org").want(t, 1, "no machine")
	h.run("machine", "0123456789").want(t, 1, "no machine of id 0123456789")
	h.checkNoSecret(h.store)
}
