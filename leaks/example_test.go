package leaks_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/watchlist"
)

// Two files in, three questions: examples/quickstart in short.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "leakscope-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	key := [32]byte{1} // a real one comes from crypto/rand and is kept elsewhere
	store, err := leaks.Open(dir, &leaks.Options{Key: key})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	for _, name := range []string{"stealer.jsonl", "combo.txt"} {
		f, err := os.Open("../examples/quickstart/sample/" + name)
		if err != nil {
			log.Fatal(err)
		}
		records := formats.Read(ctx, f, formats.Options{File: name})
		result, err := store.Ingest(ctx, records, &leaks.IngestOptions{
			Batch:  name, // the same batch again would be skipped
			Source: name, // for records that name no source of their own
			Seen:   time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
		})
		if err != nil {
			log.Fatal(err)
		}
		if err := f.Close(); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %d records\n", name, result.Ingested)
	}

	// Which credentials of this domain's users are out there? (A
	// program that serves others takes scopes from their watchlists.)
	scope, err := leaks.Narrow(watchlist.Administrator(), leaks.EmailDomain, "example.com")
	if err != nil {
		log.Fatal(err)
	}
	page, err := store.Details(ctx, leaks.DetailsQuery{Scope: scope, Column: leaks.EmailDomain, PageSize: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d credentials, among them\n", page.Total)
	for _, c := range page.Data {
		fmt.Println(c.Username, c.Password, c.Domain, c.Types, c.SourceCount)
	}

	// Where was the first of them seen?
	found, err := store.Occurrences(ctx, scope, leaks.EmailDomain, page.Data[0].Hash)
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range found.Data[:3] {
		fmt.Println(o.UploadStealed, o.Type, o.Source, o.StealerName)
	}

	// How many are there in all?
	totals, err := store.Analytics(ctx, scope, leaks.EmailDomain, "example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(totals.TotalLeaks, "occurrences of", totals.UniqueUsernames, "users")
	// Output:
	// stealer.jsonl: 345 records
	// combo.txt: 300 records
	// 179 credentials, among them
	// cleo.vale@example.com g****7 portal.example.com [Stealer] 5
	// yara.hart@example.com b****9 git.example.net [Stealer] 5
	// 2026-11-19T15:32:48 Stealer feed-b RedLine
	// 2026-11-17T15:09:45 Stealer channel-07 RedLine
	// 2026-11-16T06:05:54 Stealer feed-a RedLine
	// 343 occurrences of 46 users
}
