package formats_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

func ExampleRead() {
	file := strings.NewReader(`https://shop.example.com:8443/login:kim@example.org:s3cret
no record at all
{"username":"lee","password":"pa:ss","host":"vpn.example.net"}
`)
	for rec, err := range formats.Read(context.Background(), file, formats.Options{File: "dump.txt"}) {
		var reject *leaks.Reject
		switch {
		case errors.As(err, &reject):
			fmt.Printf("%s line %d: %v\n", reject.Place.File, reject.Place.Line, reject)
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Println(rec.Host, rec.Username)
		}
	}
	// Output:
	// https://shop.example.com:8443/login kim@example.org
	// dump.txt line 2: rejected: not_a_record: no separator
	// vpn.example.net lee
}
