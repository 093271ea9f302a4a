package archives

import (
	"context"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/leakscope/leakscope/leaks/formats"
)

// Options say how an input is walked. The zero value works.
type Options struct {
	// Passwords are tried on what is encrypted, the one that fitted last
	// first.
	Passwords []string
	// Limits hold for each file on disk, with all that is nested in it.
	Limits Limits
	// Skip says of a path (below the input, or in its archive) that what is
	// there is nobody's concern. Such files are yielded, but an archive among
	// them is not looked into. Nil skips nothing.
	Skip func(path string) bool
	// Loose passes over archives that lie in a folder on disk: for callers who
	// take those one by one, see [Archives].
	Loose bool
	// Except says of a folder on disk that it is passed over. Nil passes over
	// none.
	Except func(fs.FileInfo) bool
	// OnRead, if set, is told how many bytes were read from disk. Parts of an
	// archive may be read twice, and files may be passed over.
	OnRead func(n int)
}

// Walk yields the plain files of root, which is a file or a folder, and of the
// archives in it: folders by name, archives in their own order. Paths are
// relative to root; a root that is a file is named by its last element.
//
// An error that is a *[formats.Damage] says what could not be read; the walk
// goes on behind it. Any other error ends it: that of ctx, or of a root that
// is not there.
//
// Links are followed only as root itself. Nothing is written to disk. An
// entry's Open works once where its archive can only be read in one go (7z,
// rar, compressed tar); what it returns need not be closed, and is dead when
// the next entry is asked for. Its errors are Damages too, or that of ctx.
func Walk(ctx context.Context, root string, opts Options) iter.Seq2[formats.Entry, error] {
	return func(yield func(formats.Entry, error) bool) {
		w := &walker{ctx: ctx, opts: opts, yield: yield, passwords: opts.Passwords}
		w.end(w.root(root))
	}
}

// Stream yields the plain files of what r holds, as [Walk] does of a file
// called name. What needs random access (zip, 7z) is held in memory, up to
// Limits.Nested.
func Stream(ctx context.Context, r io.Reader, name string, opts Options) iter.Seq2[formats.Entry, error] {
	return func(yield func(formats.Entry, error) bool) {
		w := &walker{ctx: ctx, opts: opts, yield: yield, passwords: opts.Passwords}
		w.b = newBudget(ctx, opts.Limits, 1<<62/defaultRatio)
		m := member{
			place: place{path: name},
			size:  -1,
			open:  func() (io.ReadCloser, error) { return io.NopCloser(r), nil },
		}
		w.end(w.top(m.place, func() error { return w.offer(m, 0) }))
	}
}

// A walker is one walk.
type walker struct {
	ctx       context.Context
	opts      Options
	yield     func(formats.Entry, error) bool
	b         *budget  // of the file on disk that is being read
	passwords []string // the one that fitted last first
}

// end tells the consumer what ended the walk.
func (w *walker) end(err error) {
	if err != nil && err != errStop {
		w.yield(formats.Entry{}, err)
	}
}

// emit yields an entry.
func (w *walker) emit(e formats.Entry) error {
	if !w.yield(e, nil) {
		return errStop
	}
	return w.ctx.Err()
}

// report yields a Damage of the place. Errors that end the walk, or the file
// on disk, are returned instead.
func (w *walker) report(p place, err error) error {
	if err == errStop {
		return err
	}
	if ctxErr := w.ctx.Err(); ctxErr != nil {
		return ctxErr
	}
	if w.b != nil && w.b.over != nil {
		return w.b.over
	}
	if !w.yield(formats.Entry{}, p.damaged(err)) {
		return errStop
	}
	return nil
}

// top runs what reads one file on disk, and reports how it ended.
func (w *walker) top(p place, read func() error) error {
	err := read()
	if err == nil {
		return nil
	}
	if w.b.over != nil && err != errStop && w.ctx.Err() == nil {
		over := *w.b.over
		over.Path, over.Archive = "", ""
		over.Detail += "; the rest is not read"
		w.b.over = nil
		return w.report(p, &over)
	}
	return w.report(p, err)
}

// skip asks the caller.
func (w *walker) skip(path string) bool { return w.opts.Skip != nil && w.opts.Skip(path) }

// key is the Key of what a password opened in an archive that outer opened.
func (w *walker) key(outer, password string) string {
	n := strconv.Itoa(slices.Index(w.opts.Passwords, password))
	if outer == "" {
		return n
	}
	return outer + "/" + n
}

// fits remembers a password that fitted.
func (w *walker) fits(password string) {
	for i, p := range w.passwords {
		if p == password && i > 0 {
			rest := append([]string{password}, w.passwords[:i]...)
			w.passwords = append(rest, w.passwords[i+1:]...)
			return
		}
	}
}

// root walks the input.
func (w *walker) root(root string) error {
	info, err := os.Stat(root)
	if err != nil {
		return err
	}
	name := filepath.Base(root)
	switch {
	case info.IsDir():
		return w.folder(root, "")
	case !info.Mode().IsRegular():
		return w.report(place{path: name}, place{path: name}.damage(formats.TroubleSpecial, "no regular file"))
	}
	return w.file(root, name, info)
}
