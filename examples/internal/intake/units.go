package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"

	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
)

func sizeOf(path string) (n int64) {
	volumes, err := archives.Volumes(path)
	if err != nil {
		volumes = []string{path}
	}
	for _, v := range volumes {
		if info, err := os.Stat(v); err == nil {
			n += info.Size()
		}
	}
	return n
}

// identity returns what a unit is, for recognising it when it comes again: the
// digest of its content, of a folder with its paths, and the format it is in,
// as given or detected.
func (j *Job) identity(ctx context.Context, u Unit) (string, error) {
	h := sha256.New()
	format := j.In.Format
	if u.loose {
		if err := j.hashFolder(ctx, u, h); err != nil {
			return "", err
		}
		return hex.EncodeToString(h.Sum(nil)) + "/" + string(format), nil
	}
	volumes, err := archives.Volumes(u.Path)
	if err != nil {
		return "", err
	}
	for i, v := range volumes {
		f, err := os.Open(v)
		if err != nil {
			return "", err
		}
		sum, err := j.Store.Digest(ctx, f)
		if err == nil && i == 0 && format == formats.Auto {
			format = detectFile(f)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return "", err
		}
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)) + "/" + string(format), nil
}

// detectFile returns the format that the beginning of f shows, or Auto: what
// cannot be told here (UTF-16, say), the reader will tell.
func detectFile(f io.ReaderAt) formats.Format {
	head, err := io.ReadAll(io.NewSectionReader(f, 0, 256<<10))
	if err != nil {
		return formats.Auto
	}
	if format, err := formats.Detect(head); err == nil {
		return format
	}
	return formats.Auto
}

// hashFolder hashes the paths and the content of a folder's loose files. What
// cannot be read is no part of it.
func (j *Job) hashFolder(ctx context.Context, u Unit, h hash.Hash) error {
	for e, err := range u.walk(ctx, j.In.Options) {
		if err != nil {
			if errors.As(err, new(*formats.Damage)) {
				continue
			}
			return err
		}
		var sum [32]byte
		if !formats.Grabbed(e.Path) {
			if sum, err = j.digestEntry(ctx, e); err != nil && !errors.As(err, new(*formats.Damage)) {
				return err
			}
		}
		io.WriteString(h, e.Path)
		h.Write(append([]byte{0}, sum[:]...))
	}
	return nil
}

func (j *Job) digestEntry(ctx context.Context, e formats.Entry) (sum [32]byte, err error) {
	r, err := e.Open()
	if err != nil {
		return sum, err
	}
	sum, err = j.Store.Digest(ctx, r)
	return sum, errors.Join(err, r.Close())
}

// isFile reports whether a unit can be read twice, and so has an identity.
func (u Unit) isFile() bool {
	if u.loose {
		return true
	}
	info, err := os.Stat(u.Path)
	return u.Path != "-" && err == nil && info.Mode()&fs.ModeType == 0
}
