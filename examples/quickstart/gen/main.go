// Command gen writes the quickstart's sample files. Everything in them is made
// up: names from two short lists, reserved domains, documentation addresses.
// The same program always writes the same bytes.
//
//	go run ./gen DIR
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// record is a line of the stealer sample, by the contract's names.
type record struct {
	Username      string `json:"username"`
	Password      string `json:"password"`
	Host          string `json:"host"`
	UploadStealed string `json:"upload_stealed"`
	UploadDate    string `json:"upload_date"`
	LogDate       string `json:"log_date"`
	Source        string `json:"source"`
	StealerName   string `json:"stealer_name"`
	Country       string `json:"country"`
	IPAddress     string `json:"ip_address"`
	ComputerName  string `json:"computer_name"`
	MachineUser   string `json:"machine_user"`
	MachineID     string `json:"machine_id"`
	HardwareID    string `json:"hardware_id"`
	Software      string `json:"software"`
}

var (
	first     = strings.Fields("ada ben cleo dan eva finn gina hugo ida jan kira leo mia nils olga paul rita sven tara udo vera wim yara zoe")
	last      = strings.Fields("abel brook clay dorn east finch grove hart ivory juno kern lund moss north olsen pike quill reed stone thorn ulm vale west york")
	mails     = strings.Fields("example.com example.com example.com example.org example.net mail.example")
	sites     = strings.Fields("https://portal.example.com/login https://vpn.example.com/ https://mail.example.com/owa https://shop.example.org/account https://git.example.net/users/sign_in https://bank.example/ https://forum.test/login.php")
	sources   = strings.Fields("channel-07 channel-12 channel-31 feed-a feed-b")
	stealers  = strings.Fields("Lumma Lumma RedLine StealC Vidar")
	countries = strings.Fields("BR DE DE FR IN IT US US")
	browsers  = []string{"Google Chrome", "Google Chrome", "Microsoft Edge", "Mozilla Firefox"}
	words     = strings.Fields("amber basil coral delta ember flint gecko hazel indigo jasper")
)

// person is one made-up user and the machine they were infected on.
type person struct {
	mail      string
	passwords []string
	machine   record
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: gen DIR")
	}
	people := crowd(rand.New(rand.NewPCG(2026, 11)), 90)
	for name, write := range map[string]func(io.Writer, *rand.Rand, []person) error{
		"stealer.jsonl": stealer,
		"combo.txt":     combo,
	} {
		if err := save(filepath.Join(os.Args[1], name), people, write); err != nil {
			log.Fatal(err)
		}
	}
}

func save(path string, people []person, write func(io.Writer, *rand.Rand, []person) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	if err := write(w, rand.New(rand.NewPCG(1, 2)), people); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func crowd(r *rand.Rand, n int) []person {
	people := make([]person, n)
	for i := range people {
		f, l := pick(r, first), pick(r, last)
		p := person{mail: f + "." + l + "@" + pick(r, mails)}
		for range 1 + r.IntN(2) {
			p.passwords = append(p.passwords, fmt.Sprintf("%s-%s-%d", pick(r, words), pick(r, words), r.IntN(100)))
		}
		p.machine = record{
			StealerName:  pick(r, stealers),
			Country:      pick(r, countries),
			IPAddress:    fmt.Sprintf("203.0.113.%d", 1+r.IntN(254)),
			ComputerName: fmt.Sprintf("DESKTOP-%04X", r.IntN(1<<16)),
			MachineUser:  f,
			MachineID:    fmt.Sprintf("%016x", r.Uint64()),
			HardwareID:   fmt.Sprintf("%012X", r.Uint64()>>16),
			LogDate:      day(r.IntN(60)).Format(time.DateOnly),
		}
		people[i] = p
	}
	return people
}

// day returns a day of autumn 2026.
func day(n int) time.Time { return time.Date(2026, 9, 1+n, 0, 0, 0, 0, time.UTC) }

// stealer writes what the infected machines gave away; many sightings are
// reported by more than one channel.
func stealer(w io.Writer, r *rand.Rand, people []person) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, p := range people[:60] {
		for range 1 + r.IntN(4) {
			rec := p.machine
			rec.Username, rec.Password = p.mail, pick(r, p.passwords)
			rec.Host, rec.Software = pick(r, sites), pick(r, browsers)
			for range 1 + r.IntN(4) {
				seen := day(60 + r.IntN(20)).Add(time.Duration(r.IntN(86400)) * time.Second)
				rec.Source = pick(r, sources)
				rec.UploadStealed = seen.Format("2006-01-02T15:04:05")
				rec.UploadDate = seen.AddDate(0, 0, -r.IntN(3)).Format(time.DateOnly)
				if err := enc.Encode(rec); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// combo writes lists as they are traded: url:login:password and
// login:password.
func combo(w io.Writer, r *rand.Rand, people []person) error {
	for range 300 {
		p := pick(r, people)
		line := p.mail + ":" + pick(r, p.passwords)
		if r.IntN(2) == 0 {
			line = pick(r, sites) + ":" + line
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
