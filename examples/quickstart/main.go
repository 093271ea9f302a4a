// Command quickstart is a first look at leakscope: it takes two small made-up
// leak files into a temporary store, then asks it three questions. Nothing is
// left behind.
//
//	go run ./examples/quickstart
package main

//go:generate go run ./gen sample

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/stats"
	"github.com/leakscope/leakscope/watchlist"
)

//go:embed sample
var samples embed.FS

func main() {
	log.SetFlags(0)
	// The store's key: without it, nobody can test a guessed password against
	// the hashes of an answer. A real program keeps it apart from the store.
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		log.Fatal(err)
	}
	if err := run(context.Background(), os.Stdout, key); err != nil {
		log.Fatal("quickstart: ", err)
	}
}

// run does the whole tour in a directory of its own.
func run(ctx context.Context, w io.Writer, key [32]byte) (err error) {
	dir, err := os.MkdirTemp("", "leakscope-quickstart-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	store, err := leaks.Open(dir, &leaks.Options{Key: key})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	for _, name := range []string{"stealer.jsonl", "combo.txt"} {
		if err := ingest(ctx, w, store, name); err != nil {
			return err
		}
	}
	// Nobody is to be protected from who runs this; a server would take the
	// scope from its caller's watchlists.
	scope, err := leaks.Narrow(watchlist.Administrator(), leaks.EmailDomain, "example.com")
	if err != nil {
		return err
	}
	page, err := store.Details(ctx, leaks.DetailsQuery{Scope: scope, Column: leaks.EmailDomain, PageSize: 5})
	if err != nil {
		return err
	}
	printDetails(w, page)
	if len(page.Data) == 0 {
		return errors.New("the samples hold nothing of example.com")
	}
	top := page.Data[0]
	seen, err := store.Occurrences(ctx, scope, leaks.EmailDomain, top.Hash)
	if err != nil {
		return err
	}
	printOccurrences(w, top, seen)
	totals, err := store.Analytics(ctx, scope, leaks.EmailDomain, "example.com")
	if err != nil {
		return err
	}
	printAnalytics(w, totals)
	return nil
}

// ingest takes one sample into the store.
func ingest(ctx context.Context, w io.Writer, store *leaks.Store, name string) error {
	data, err := samples.ReadFile("sample/" + name)
	if err != nil {
		return err
	}
	records := formats.Read(ctx, bytes.NewReader(data), formats.Options{Format: formats.Auto, File: name})
	result, err := store.Ingest(ctx, records, &leaks.IngestOptions{
		Batch:  name, // the same batch again would be skipped
		Source: name, // for records that name no source of their own
		Seen:   time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "ingested %s: %d records, %d rejected\n", name, result.Ingested, result.Rejected)
	return nil
}

func printDetails(w io.Writer, page *leaks.DetailsPage) {
	fmt.Fprintf(w, "\nLeaked credentials of people at example.com: %d, seen in most places first\n\n", page.Total)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "USERNAME\tPASSWORD\tDOMAIN\tTYPES\tSOURCES\tLAST SEEN")
	for _, c := range page.Data {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", c.Username, c.Password, c.Domain, strings.Join(c.Types, "+"), c.SourceCount, c.LastSeen)
	}
	t.Flush()
}

func printOccurrences(w io.Writer, c leaks.Credential, o *leaks.Occurrences) {
	fmt.Fprintf(w, "\nEvery sighting of %s %s\n\n", c.Username, c.Password)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "DETECTED\tTYPE\tSOURCE\tSTEALER\tCOUNTRY\tCOMPUTER")
	for _, r := range o.Data {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", r.UploadStealed, r.Type, r.Source, r.StealerName, r.Country, r.ComputerName)
	}
	t.Flush()
}

func printAnalytics(w io.Writer, a *stats.Analytics) {
	fmt.Fprintf(w, "\nAll of example.com: %d sightings of %d credentials, %d users, %d passwords, %d sources, %d sites\n",
		a.TotalLeaks, a.UniqueLeaks, a.UniqueUsernames, a.UniquePasswords, a.UniqueSources, a.UniqueDomains)
	fmt.Fprint(w, "by type:   ")
	for _, n := range a.LeaksByType {
		fmt.Fprintf(w, "  %s %d", n.Type, n.Count)
	}
	fmt.Fprint(w, "\nby stealer:")
	for _, n := range a.LeaksByStealer {
		fmt.Fprintf(w, "  %s %d", n.StealerName, n.Count)
	}
	fmt.Fprint(w, "\nby country:")
	for _, n := range a.LeaksByCountry {
		fmt.Fprintf(w, "  %s %d", n.Country, n.Count)
	}
	fmt.Fprintln(w)
}
