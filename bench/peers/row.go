package peers

import (
	"encoding/binary"
	"time"
	"unicode/utf8"

	"github.com/leakscope/leakscope/leaks"
	"github.com/zeebo/blake3"
)

// A Row is one occurrence as every engine holds it: normalised, without a
// password. Times are unix seconds, 0 where there is none.
type Row struct {
	Hash              [16]byte
	Password          uint64 // digest, to count distinct ones
	Seq               uint32 // place in the corpus: later ones were ingested later
	Seen, Upload, Log uint32
	Stealer           bool // else Combo

	Text [Texts]string
}

// The text fields of a Row, by their index in Row.Text.
const (
	Username = iota
	Mask
	Host
	Domain
	Root
	Protocol
	Local
	Mail
	Source
	StealerName
	Country
	IP
	Computer
	MachineUser
	MachineID
	HardwareID
	Software
	Texts // their number
)

// Columns names the text fields, in the order of Row.Text, as the engines do.
var Columns = [Texts]string{
	"username", "mask", "host", "domain", "root_domain", "protocol", "local_part", "email_domain",
	"source", "stealer_name", "country", "ip_address", "computer_name", "machine_user",
	"machine_id", "hardware_id", "software",
}

// Searched are the fields that a search looks at.
var Searched = [...]int{Username, Host, Domain, Mail, Root, IP, Computer, MachineUser}

// Type returns the contract's name of the type.
func (r *Row) Type() string {
	if r.Stealer {
		return "Stealer"
	}
	return "Combo"
}

// Key is the key of the measured store: under it credentials are hashed here
// as well.
var Key = [32]byte([]byte("a key for measuring, not for use"))

// A normaliser makes rows of the records of a corpus, which are in normal form
// already.
type normaliser struct {
	credential, password [2]uint64 // keys of SipHash
	buf                  []byte
}

// The contexts are part of leakscope's store format.
func newNormaliser() *normaliser {
	return &normaliser{
		credential: sipKey("leakscope 2026-11-22 credential hash v2"),
		password:   sipKey("leakscope 2026-11-22 password digest v2"),
	}
}

func sipKey(context string) [2]uint64 {
	var sub [32]byte
	blake3.DeriveKey(context, Key[:], sub[:])
	return [2]uint64{binary.LittleEndian.Uint64(sub[:]), binary.LittleEndian.Uint64(sub[8:])}
}

// row fills r with the record of number seq.
func (n *normaliser) row(r *Row, seq uint32, rec *leaks.Record) {
	*r = Row{
		Seq:     seq,
		Seen:    unix(rec.UploadStealed),
		Upload:  unix(rec.UploadDate),
		Log:     unix(rec.LogDate),
		Stealer: rec.Type == leaks.Stealer,
		Text: [Texts]string{
			rec.Username, mask(rec.Password), rec.Host, rec.Domain, rec.Root, rec.Protocol,
			rec.LocalPart, rec.EmailDomain, rec.Source, rec.StealerName, rec.Country, rec.IPAddress,
			rec.ComputerName, rec.MachineUser, rec.MachineID, rec.HardwareID, rec.Software,
		},
	}
	n.buf = n.buf[:0]
	for _, s := range [...]string{rec.Username, rec.Password, rec.Domain} {
		n.buf = append(binary.AppendUvarint(n.buf, uint64(len(s))), s...)
	}
	lo, hi := sipHash(n.credential, n.buf, true)
	binary.LittleEndian.PutUint64(r.Hash[:], lo)
	binary.LittleEndian.PutUint64(r.Hash[8:], hi)
	r.Password, _ = sipHash(n.password, append(n.buf[:0], rec.Password...), false)
}

// mask is CONTRACT section 2: first rune, four asterisks, last rune.
func mask(p string) string {
	switch n := utf8.RuneCountInString(p); {
	case n == 0:
		return ""
	case n < 4:
		return "****"
	}
	_, first := utf8.DecodeRuneInString(p)
	_, last := utf8.DecodeLastRuneInString(p)
	return p[:first] + "****" + p[len(p)-last:]
}

func unix(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return uint32(t.Unix())
}
