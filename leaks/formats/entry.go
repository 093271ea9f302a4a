package formats

import (
	"fmt"
	"io"
	"time"
)

// An Entry is one file of an input: a plain file, or a member of an archive.
// Entries come in their container's own order.
type Entry struct {
	// Path is the file's name below the input, parted by slashes:
	// "log1/Passwords.txt". It never begins with a slash and never holds "..".
	Path string
	// Archive is the archive the file came from, with the archives inside it
	// after "!/": "a.zip!/b.rar". Empty for a plain file.
	Archive string
	// Size is the file's length in bytes, -1 when it is not known before it is
	// read.
	Size int64
	// ModTime is the time the container gives, zero when it gives none.
	ModTime time.Time
	// Key says which of the passwords given opened it, by their numbers from 0,
	// those of the archives around it first: "0/2". Empty where nothing on the
	// way to the file is encrypted.
	Key string
	// Open reads the file from its begin. It may be called until the next
	// entry is asked for, and need not be called at all; what lies in an archive
	// that is read in one go can be opened once only.
	Open func() (io.ReadCloser, error)
}

// Place is the path that names the entry to a reader of reports: the archive's
// and its own, "a.zip!/log1/Passwords.txt".
func (e Entry) Place() string {
	if e.Archive == "" {
		return e.Path
	}
	return e.Archive + "!/" + e.Path
}

// A Trouble is the kind of a [Damage].
type Trouble string

// The kinds of damage. Their texts are stable: summaries count by them.
const (
	TroubleEncrypted   Trouble = "encrypted"   // no password given fits
	TroubleDamaged     Trouble = "damaged"     // broken, cut short, a volume missing
	TroubleLimit       Trouble = "limit"       // above a limit on bytes, entries, ratio, depth or time
	TroubleUnsupported Trouble = "unsupported" // a method or version nobody reads
	TroublePath        Trouble = "path"        // a name that leaves the archive, or is none
	TroubleSpecial     Trouble = "special"     // a link, device, socket or pipe
	TroubleUnreadable  Trouble = "unreadable"  // the system refuses
)

// A Damage is an error that does not end a sequence of entries: what of the
// input could not be read, and why. What was read before it stays.
type Damage struct {
	Path    string // of the entry, or of the archive when Entry is not known
	Archive string
	Trouble Trouble
	Detail  string // which limit, which method; never bytes of the input
	Limit   string // the field of archives.Limits with which more would be read, if there is one
	Err     error  // what lies below, may be nil
}

// Error names the place and the trouble.
func (d *Damage) Error() string {
	place := Entry{Path: d.Path, Archive: d.Archive}.Place()
	if d.Detail == "" {
		return fmt.Sprintf("%s: %s", place, d.Trouble)
	}
	return fmt.Sprintf("%s: %s: %s", place, d.Trouble, d.Detail)
}

// Unwrap returns the error below.
func (d *Damage) Unwrap() error { return d.Err }
