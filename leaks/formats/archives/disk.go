package archives

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/leakscope/leakscope/leaks/formats"
)

// folder walks a folder on disk; rel is its path below the input.
func (w *walker) folder(dir, rel string) error {
	entries, err := os.ReadDir(dir) // by name
	if err != nil {
		if rel == "" && len(entries) == 0 {
			return err
		}
		if err := w.report(place{path: rel}, err); err != nil {
			return err
		}
	}
	names := make(map[string]bool, len(entries))
	for _, e := range entries {
		names[e.Name()] = true
	}
	for _, e := range entries {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		full, p := filepath.Join(dir, e.Name()), e.Name()
		if rel != "" {
			p = rel + "/" + p
		}
		switch {
		case e.IsDir():
			if !w.opts.except(e) {
				err = w.folder(full, p)
			}
		case !e.Type().IsRegular():
			err = w.report(place{path: p}, place{path: p}.damage(formats.TroubleSpecial, special(e.Type())))
		case laterVolume(e.Name(), names):
			continue
		default:
			var info fs.FileInfo
			if info, err = e.Info(); err == nil {
				err = w.file(full, p, info)
			} else {
				err = w.report(place{path: p}, err)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// except asks the caller whether a folder is passed over.
func (o *Options) except(e fs.DirEntry) bool {
	if o.Except == nil {
		return false
	}
	info, err := e.Info()
	return err == nil && o.Except(info)
}

func special(mode fs.FileMode) string {
	if mode&fs.ModeSymlink != 0 {
		return "a link, not followed"
	}
	return "a device, socket or pipe"
}

// file offers a regular file on disk.
func (w *walker) file(full, rel string, info fs.FileInfo) error {
	p := place{path: rel}
	d, err := openDisk(full, info)
	if err != nil {
		return w.report(p, err)
	}
	defer d.close()
	if w.opts.OnRead != nil {
		d.at = told{d.at, w.opts.OnRead}
	}
	name := full
	if d.joined {
		p.path, name = rel[:len(rel)-len(".001")], ""
	}
	w.b = newBudget(w.ctx, w.opts.Limits, d.size)
	m := member{
		place: p, size: d.size, mod: info.ModTime(), at: d.at, again: true, disk: name, begins: d.begins,
		open: func() (io.ReadCloser, error) {
			return io.NopCloser(io.NewSectionReader(d.at, 0, d.size)), nil
		},
	}
	if w.opts.Loose {
		if k, err := d.kind(full); err == nil && k != plain {
			return nil
		}
	}
	return w.top(p, func() error { return w.offer(m, 0) })
}

// Archives lists the archives that lie as files on disk below root, a folder:
// those that a walk of it would look into, by the paths to walk them by; of
// archives in volumes the first. Folders that cannot be read are passed over.
func Archives(ctx context.Context, root string, opts Options) ([]string, error) {
	var found []string
	var walk func(dir, rel string) error
	walk = func(dir, rel string) error {
		entries, err := os.ReadDir(dir)
		if err != nil && rel == "" {
			return err
		}
		names := make(map[string]bool, len(entries))
		for _, e := range entries {
			names[e.Name()] = true
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			full, p := filepath.Join(dir, e.Name()), e.Name()
			if rel != "" {
				p = rel + "/" + p
			}
			if e.IsDir() {
				if !opts.except(e) {
					if err := walk(full, p); err != nil {
						return err
					}
				}
				continue
			}
			info, err := e.Info()
			if err != nil || !info.Mode().IsRegular() || laterVolume(e.Name(), names) || opts.Skip != nil && opts.Skip(p) {
				continue
			}
			if d, err := openDisk(full, info); err == nil {
				if k, err := d.kind(full); err == nil && k != plain {
					found = append(found, full)
				}
				d.close()
			}
		}
		return nil
	}
	err := walk(root, "")
	return found, err
}

// A disk is an open file, or one that was cut into name.001, name.002 ...
type disk struct {
	at     io.ReaderAt
	size   int64
	joined bool
	begins []int64 // of a zip in parts (.z01): where each of them begins
	files  []*os.File
}

// openDisk opens the file that info was taken of.
func openDisk(full string, info fs.FileInfo) (*disk, error) {
	f, err := openRegular(full, info)
	if err != nil {
		return nil, err
	}
	d := &disk{at: f, size: info.Size(), files: []*os.File{f}}
	switch ext := filepath.Ext(full); {
	case ext == ".001":
		parts := &joined{}
		parts.add(f, info.Size())
		if err := d.parts(parts, func(n int) string { return volumeName(full, n+1) }); err != nil {
			return nil, err
		}
		if len(d.files) > 1 {
			d.at, d.size, d.joined = parts, parts.size, true
		}
	case namedZip(full):
		parts := &joined{}
		z := ext[1:2] // in the same case
		if err := d.parts(parts, func(n int) string {
			return fmt.Sprintf("%s%s%02d", strings.TrimSuffix(full, ext[1:]), z, n)
		}); err != nil {
			return nil, err
		}
		if len(d.files) > 1 { // the one called .zip is the last
			parts.add(f, info.Size())
			d.at, d.size, d.begins = parts, parts.size, append([]int64{0}, parts.ends[:len(parts.ends)-1]...)
		}
	}
	return d, nil
}

// parts opens the further files of d, whose names name gives by their numbers,
// as far as there are any.
func (d *disk) parts(to *joined, name func(n int) string) error {
	for n := 1; ; n++ {
		name := name(n)
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !info.Mode().IsRegular() {
			err = &fs.PathError{Op: "open", Path: name, Err: errors.New("no regular file")}
		}
		var f *os.File
		if err == nil {
			f, err = openRegular(name, info)
		}
		if err != nil {
			d.close()
			return err
		}
		d.files = append(d.files, f)
		to.add(f, info.Size())
	}
}

// openRegular opens a regular file, making sure it is still what it was.
func openRegular(full string, info fs.FileInfo) (*os.File, error) {
	f, err := os.Open(full)
	if err != nil {
		return nil, err
	}
	if now, err := f.Stat(); err != nil || !os.SameFile(now, info) {
		return nil, errors.Join(&fs.PathError{Op: "open", Path: full, Err: errors.New("changed while it was opened")}, f.Close())
	}
	return f, nil
}

func (d *disk) close() {
	for _, f := range d.files {
		f.Close() // only read
	}
}

// kind asks the file's first bytes.
func (d *disk) kind(name string) (kind, error) {
	if isDocument(name) {
		return plain, nil
	}
	var head [sniffBytes]byte
	n, err := d.at.ReadAt(head[:], 0)
	if err != nil && err != io.EOF {
		return plain, err
	}
	return sniff(head[:n]), nil
}

// told tells of what is read.
type told struct {
	io.ReaderAt
	on func(int)
}

func (t told) ReadAt(p []byte, off int64) (int, error) {
	n, err := t.ReaderAt.ReadAt(p, off)
	t.on(n)
	return n, err
}
