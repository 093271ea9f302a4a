package archives

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/leakscope/leakscope/leaks/formats"
)

// A place is where a file is: its path, and the archives around it.
type place struct {
	path    string
	archive string
}

// inside is the archive path of what lies in the archive at p.
func (p place) inside() string {
	if p.archive == "" {
		return p.path
	}
	return p.archive + "!/" + p.path
}

// damage makes a Damage of the place.
func (p place) damage(t formats.Trouble, detail string) *formats.Damage {
	return &formats.Damage{Path: p.path, Archive: p.archive, Trouble: t, Detail: detail}
}

// over makes the Damage of a limit.
func (p place) over(limit, detail string) *formats.Damage {
	d := p.damage(formats.TroubleLimit, detail)
	d.Limit = limit
	return d
}

// damaged makes a Damage of the place from whatever went wrong there. A
// Damage without a place gets this one; errors of a context stay themselves.
// The types of libraries' errors stay here.
func (p place) damaged(err error) error {
	var d *formats.Damage
	if errors.As(err, &d) {
		if d.Path == "" && d.Archive == "" {
			v := *d
			v.Path, v.Archive = p.path, p.archive
			return &v
		}
		return d
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errStop) {
		return err
	}
	var sys *fs.PathError
	if errors.As(err, &sys) {
		return &formats.Damage{Path: p.path, Archive: p.archive, Trouble: formats.TroubleUnreadable, Detail: sys.Err.Error(), Err: sys}
	}
	detail := err.Error()
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		detail = "cut short"
	}
	return p.damage(formats.TroubleDamaged, detail)
}

// clean makes a name found in an archive one that stays below its archive.
// trick says what was wrong with it, "" if nothing was; backslash, that it was
// written with the other slash, as some archivers on Windows do.
func clean(name string) (path, trick string, backslash bool) {
	if len(name) > maxName {
		name, trick = name[len(name)-maxName:], "name too long"
	}
	if strings.IndexByte(name, '\\') >= 0 {
		name, backslash = strings.ReplaceAll(name, `\`, "/"), true
	}
	if !utf8.ValidString(name) {
		name = strings.ToValidUTF8(name, "\uFFFD") // an old code page
	}
	if strings.IndexFunc(name, unicode.IsControl) >= 0 {
		if strings.IndexByte(name, 0) >= 0 {
			trick = "NUL in the name"
		} else {
			trick = "control character in the name"
		}
		name = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return -1
			}
			return r
		}, name)
	}
	if strings.HasPrefix(name, "/") {
		trick = "absolute name"
	}
	if len(name) >= 2 && name[1] == ':' && unicode.IsLetter(rune(name[0])) {
		name, trick = name[2:], "absolute name"
	}
	if !strings.HasPrefix(name, "/") && !strings.Contains(name, "//") && !strings.Contains(name, "./") &&
		!strings.HasSuffix(name, "..") && name != "." {
		return name, trick, backslash
	}
	parts := strings.Split(name, "/")
	kept := parts[:0]
	for _, part := range parts {
		switch part {
		case "", ".":
		case "..":
			trick = "name with .."
		default:
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "/"), trick, backslash
}
