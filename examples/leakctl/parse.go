package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime/debug"

	"github.com/leakscope/leakscope/examples/internal/intake"
	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
)

type parseCmd struct {
	intakeFlags
	Source  string   `placeholder:"ID" help:"Channel or feed, for records that name none."`
	Rejects string   `placeholder:"FILE" help:"Append a JSON line (reason, file, line, detail, and the line's shape without a word of it) to FILE for each record refused."`
	Path    []string `arg:"" name:"path" help:"Files, folders and archives to parse; - is standard input."`
}

// Help is the long text of leakctl parse --help.
func (*parseCmd) Help() string {
	return `Prints one JSON object a line, without a store: records with masked passwords, {"machine":{...}} for a machine without credentials, and {"summary":{...}} at the end.`
}

// parsedRecord is the line of a record.
type parsedRecord struct {
	leaks.Normalized
	File string `json:"file"`
	Line int64  `json:"line"`
}

// parsedMachine is the line of a machine without credentials.
type parsedMachine struct {
	Country      string       `json:"country"`
	IPAddress    string       `json:"ip_address"`
	ComputerName string       `json:"computer_name"`
	MachineUser  string       `json:"machine_user"`
	MachineID    string       `json:"machine_id"`
	HardwareID   string       `json:"hardware_id"`
	StealerName  string       `json:"stealer_name"`
	LogDate      leaks.Time   `json:"log_date"`
	LogDates     []leaks.Time `json:"log_dates,omitempty"` // the readings of an ambiguous one
	File         string       `json:"file"`
}

// parseSummary is the last line.
type parseSummary struct {
	Files         int64                        `json:"files"`
	Records       int64                        `json:"records"`
	Rejected      int64                        `json:"rejected"`
	RejectReasons map[leaks.RejectReason]int64 `json:"reject_reasons"`
	Cards         int64                        `json:"cards"`
	Cookies       int64                        `json:"cookies"`
}

// parseMemory is what parsing tries to stay within, in bytes.
const parseMemory = 192 << 20

// Run prints what the paths hold.
func (c *parseCmd) Run(ctx context.Context, e *env) (err error) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		// A nested archive held in memory would else let the collector wait
		// for as much again. GOMEMLIMIT says otherwise.
		debug.SetMemoryLimit(parseMemory)
	}
	in, err := c.reader(e, c.Source)
	if err != nil {
		return err
	}
	rejects, err := intake.OpenRejects(c.Rejects)
	if err != nil {
		return fmt.Errorf("--rejects: %w", err)
	}
	defer func() { err = e.after(err, rejects.Close()) }()

	out := bufio.NewWriterSize(e.stdout, 64<<10)
	p := &parsing{norm: leaks.NewNormalizer(), rejects: rejects, enc: json.NewEncoder(out)}
	p.enc.SetEscapeHTML(false)
	p.sum.RejectReasons = map[leaks.RejectReason]int64{}
	failed := false
	in.Damage = func(d *formats.Damage) error {
		failed = failed || d.Trouble != formats.TroublePath && d.Trouble != formats.TroubleSpecial
		e.sayError(d)
		return nil
	}
	in.File = func(_ string, kind formats.Kind) {
		switch kind {
		case formats.KindIgnored, formats.KindGrabbed, formats.KindBinary:
		default:
			p.sum.Files++
		}
	}
	for _, path := range c.Path {
		err := p.path(ctx, in, path)
		if err == nil {
			continue
		}
		if errors.Is(err, errOutput) {
			return errors.Unwrap(err)
		}
		failed = true
		if ctx.Err() != nil {
			e.say("interrupted")
			break
		}
		e.sayPathError(path, err)
	}
	if err := p.enc.Encode(map[string]parseSummary{"summary": p.sum}); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if failed {
		return errReported
	}
	return nil
}

// errOutput marks an error of standard output.
var errOutput = errors.New("write")

type outputError struct{ error }

func (o outputError) Is(target error) bool { return target == errOutput }
func (o outputError) Unwrap() error        { return o.error }

// parsing is the state shared by the paths of one command.
type parsing struct {
	norm    *leaks.Normalizer
	rejects *intake.RejectFile
	enc     *json.Encoder
	sum     parseSummary
}

// path prints what one path holds.
func (p *parsing) path(ctx context.Context, in *intake.Reader, path string) error {
	if err := in.Check(path); err != nil {
		return err
	}
	for item, err := range in.Items(ctx, intake.Unit{Path: path}, formats.ParseOptions{}) {
		var reject *leaks.Reject
		var line any
		switch {
		case errors.As(err, &reject):
			p.reject(reject)
			continue
		case err != nil:
			return err
		case item.Record != nil:
			n, reject := p.norm.Normalize(item.Record)
			if reject != nil {
				p.reject(reject)
				continue
			}
			p.sum.Records++
			line = parsedRecord{n, item.File, item.Record.Place.Line}
		case item.Machine != nil:
			line = map[string]parsedMachine{"machine": machineLine(item.Machine, item.File)}
		case item.Card != nil:
			p.sum.Cards++
			continue
		default:
			p.sum.Cookies += item.Cookies
			continue
		}
		if err := p.enc.Encode(line); err != nil {
			return outputError{err}
		}
	}
	return nil
}

func (p *parsing) reject(r *leaks.Reject) {
	p.sum.Rejected++
	p.sum.RejectReasons[r.Reason]++
	p.rejects.Write(r)
}

func machineLine(m *formats.Machine, file string) parsedMachine {
	line := parsedMachine{
		Country: m.Country, IPAddress: m.IP, ComputerName: m.ComputerName, MachineUser: m.User,
		MachineID: m.MachineID, HardwareID: m.HardwareID, StealerName: m.Stealer, File: file,
	}
	if !m.LogDate.IsZero() {
		line.LogDate = leaks.Time{Time: m.LogDate}
	}
	for _, d := range m.LogDates {
		line.LogDates = append(line.LogDates, leaks.Time{Time: d})
	}
	return line
}
