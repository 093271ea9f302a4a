package archives

import (
	"errors"
	"fmt"

	"github.com/leakscope/leakscope/leaks/formats"
)

func isDamage(err error) bool { return errors.As(err, new(*formats.Damage)) }

// names turns the names of one archive into places.
type names struct{ backslash bool }

// place is where a file of the archive at outer is. A name that plays tricks
// is reported, and its file read under what is left of it.
func (n *names) place(w *walker, outer place, name string) (place, error) {
	path, trick, backslash := clean(name)
	n.backslash = n.backslash || backslash
	p := place{path: path, archive: outer.inside()}
	if trick != "" {
		return p, w.report(p, p.damage(formats.TroublePath, trick))
	}
	return p, nil
}

// finish reports once an archive what a whole archive has.
func (n *names) finish(w *walker, outer place) error {
	if !n.backslash {
		return nil
	}
	return w.report(outer, outer.damage(formats.TroublePath, "names with backslashes, read as slashes"))
}

// locks counts the encrypted files of one archive, to tell of them once.
type locks struct {
	files, shut, opened, failed int
	strange                     bool // an encryption nobody knows
}

// hopeless reports whether so many files resisted every password that the
// others will.
func (l *locks) hopeless() bool { return l.opened == 0 && l.failed >= 8 }

func (l *locks) finish(w *walker, outer place) error {
	if l.shut == 0 {
		return nil
	}
	why := lockedWhy(w)
	if l.strange {
		why = "a method of encryption that is not read"
	}
	return w.report(outer, outer.damage(formats.TroubleEncrypted, fmt.Sprintf("%d of %d files: %s", l.shut, l.files, why)))
}

// lockedWhy says why something encrypted stays shut.
func lockedWhy(w *walker) string {
	switch len(w.passwords) {
	case 0:
		return "no password given"
	case 1:
		return "the password given does not fit"
	}
	return fmt.Sprintf("none of %d passwords fits", len(w.passwords))
}

// locked is a Damage of a whole archive.
func locked(w *walker) error {
	return &formats.Damage{Trouble: formats.TroubleEncrypted, Detail: lockedWhy(w)}
}
