package formats_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/leakscope/leakscope/leaks/formats"
)

// sampleJSONL returns n stealer records of about 575 bytes each.
func sampleJSONL(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"type":"Stealer","username":"user.%d@mail%d.example.com","password":"S3cret-%d!","host":"https://portal.example.co.uk/accounts/login/%d","domain":"portal.example.co.uk","root_domain":"example.co.uk","protocol":"https","local_part":"user.%d","email_domain":"mail%d.example.com","upload_stealed":"2024-0%d-1%dT07:20:02","upload_date":"2024-03-0%d","log_date":"2024-02-2%dT10:11:12","source":"channel-%d","stealer_name":"redline","country":"GB","ip_address":"192.0.2.%d","computer_name":"PC-%d","machine_user":"vera","machine_id":"%032x","hardware_id":"%032X","software":"Google_[Chrome]_Default"}`+"\n",
			i, i%97, i, i, i, i%97, 1+i%9, i%10, 1+i%9, i%9, i%31, i%255, i, i, i)
	}
	return b.String()
}

func sampleULP(n int) string {
	var b strings.Builder
	for i := range n {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "https://portal%d.example.com/login:user.%d@example.org:S3cret-%d!\n", i%100, i, i)
		case 1:
			fmt.Fprintf(&b, "https://vpn.example.co.uk:8443/dana-na/auth:alice.%d:Winter!%d\n", i, i)
		case 2:
			fmt.Fprintf(&b, "shop.example.net/account:kim%d@example.com:p@ss:%d\n", i, i)
		default:
			fmt.Fprintf(&b, "https://mail%d.example.de:bruno%d:pw%d\n", i%100, i, i)
		}
	}
	return b.String()
}

func sampleCombo(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "user.%d@example.com:S3cret-%d!\n", i, i)
	}
	return b.String()
}

func benchmarkRead(b *testing.B, input string, n, workers int) {
	b.SetBytes(int64(len(input)))
	b.ReportAllocs()
	for b.Loop() {
		got := 0
		for rec, err := range formats.Read(context.Background(), strings.NewReader(input), formats.Options{Workers: workers}) {
			if err != nil {
				b.Fatal(err)
			}
			if rec.Username != "" {
				got++
			}
		}
		if got != n {
			b.Fatalf("got %d records", got)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(len(input))/float64(n), "B/record")
}

func BenchmarkRead(b *testing.B) {
	const n = 100_000
	for _, in := range []struct {
		name string
		make func(int) string
	}{{"jsonl", sampleJSONL}, {"ulp", sampleULP}, {"combo", sampleCombo}} {
		input := in.make(n)
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers=%d", in.name, workers), func(b *testing.B) {
				benchmarkRead(b, input, n, workers)
			})
		}
	}
}

// BenchmarkEncodingJSON is what the JSONL reader is compared with.
func BenchmarkEncodingJSON(b *testing.B) {
	line := []byte(strings.TrimSpace(sampleJSONL(1)))
	var rec struct{ Username, Password, Host, Domain string }
	for b.Loop() {
		if err := json.Unmarshal(line, &rec); err != nil {
			b.Fatal(err)
		}
	}
}
