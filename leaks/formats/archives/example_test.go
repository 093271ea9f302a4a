package archives_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
)

// A compressed list, parsed as it is unpacked. From disk it is Walk, with the
// name of a file or folder.
func ExampleStream() {
	var dump bytes.Buffer
	w := gzip.NewWriter(&dump)
	fmt.Fprintln(w, "https://www.example.com/login:anna@example.org:not-shown")
	if err := w.Close(); err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	entries := archives.Stream(ctx, &dump, "list.txt.gz", archives.Options{Skip: formats.Grabbed})
	for item, err := range formats.Parse(ctx, entries, formats.ParseOptions{}) {
		var reject *leaks.Reject
		var damage *formats.Damage
		switch {
		case errors.As(err, &reject), errors.As(err, &damage):
			fmt.Println("not read:", err) // and the rest goes on
		case err != nil:
			fmt.Println(err)
		case item.Record != nil:
			fmt.Println(item.Archive, item.File, item.Line, item.Record.Username)
		}
	}
	// Output: list.txt.gz list.txt 1 anna@example.org
}
