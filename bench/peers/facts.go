package peers

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"time"

	"github.com/leakscope/leakscope/bench/corpus"
)

// A facts file holds the rows of a corpus for engines to load, in the order of
// the corpus: for each row its length (4 bytes, little-endian, not counting
// itself), the fixed fields, and the text fields with their lengths as uvarints.
const factsFixed = 16 + 8 + 4*4 + 1

// maxFact bounds the bytes of a row.
const maxFact = 1 << 20

// WriteFacts normalises a corpus and writes it twice: as a facts file, and as
// JSON lines for engines that would rather read those themselves.
func WriteFacts(path, jsonPath string, c *corpus.Corpus) error {
	norm := newNormaliser()
	return writeFile(path, func(facts *bufio.Writer) error {
		return writeFile(jsonPath, func(lines *bufio.Writer) error {
			var (
				r    Row
				b    []byte
				line []byte
				seq  uint32
			)
			for rec := range c.Range(0, c.Len()) {
				norm.row(&r, seq, &rec)
				seq++
				b = AppendFact(append(b[:0], 0, 0, 0, 0), &r)
				binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
				if _, err := facts.Write(b); err != nil {
					return err
				}
				line = appendJSON(line[:0], &r)
				if _, err := lines.Write(line); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// writeFile makes a file that is whole or not there.
func writeFile(path string, fill func(*bufio.Writer) error) error {
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = fill(w)
	if err == nil {
		err = w.Flush()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// AppendFact appends the encoded row to b.
func AppendFact(b []byte, r *Row) []byte {
	b = append(b, r.Hash[:]...)
	b = binary.LittleEndian.AppendUint64(b, r.Password)
	for _, v := range [...]uint32{r.Seq, r.Seen, r.Upload, r.Log} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	if r.Stealer {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	for _, s := range r.Text {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return b
}

// ErrFact: bytes that are no encoded row.
var ErrFact = errors.New("damaged row")

// ReadFact fills r from an encoded row; its text shares memory with b.
func ReadFact(b string, r *Row) error {
	if len(b) < factsFixed {
		return ErrFact
	}
	copy(r.Hash[:], b)
	r.Password = uint64(le32(b[16:])) | uint64(le32(b[20:]))<<32
	r.Seq, r.Seen, r.Upload, r.Log = le32(b[24:]), le32(b[28:]), le32(b[32:]), le32(b[36:])
	r.Stealer = b[40] != 0
	b = b[factsFixed:]
	for i := range r.Text {
		n, at, shift := 0, 0, 0
		for {
			if at >= len(b) || shift > 28 {
				return ErrFact
			}
			v := b[at]
			n |= int(v&0x7f) << shift
			at++
			if v < 0x80 {
				break
			}
			shift += 7
		}
		if n > len(b)-at {
			return ErrFact
		}
		r.Text[i], b = b[at:at+n], b[at+n:]
	}
	return nil
}

func le32(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// Facts yields the rows of a facts file. The row is the same one each time; its
// text stays valid.
func Facts(path string) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		in := bufio.NewReaderSize(f, 1<<20)
		var (
			r      Row
			length [4]byte
			buf    []byte
		)
		for {
			if _, err := io.ReadFull(in, length[:]); err != nil {
				if err != io.EOF {
					yield(nil, fmt.Errorf("%s: %w", path, err))
				}
				return
			}
			n := binary.LittleEndian.Uint32(length[:])
			if n > maxFact {
				yield(nil, fmt.Errorf("%s: %w", path, ErrFact))
				return
			}
			if uint32(cap(buf)) < n {
				buf = make([]byte, n)
			}
			buf = buf[:n]
			_, err := io.ReadFull(in, buf)
			if err == nil {
				err = ReadFact(string(buf), &r)
			}
			if err != nil {
				yield(nil, fmt.Errorf("%s: %w", path, err))
				return
			}
			if !yield(&r, nil) {
				return
			}
		}
	}
}

// appendJSON writes the row as one line: the text fields by their column
// names, the hash in hex, the password's digest, and times as unix seconds.
func appendJSON(b []byte, r *Row) []byte {
	b = append(b, `{"hash":"`...)
	b = fmt.Appendf(b, "%x", r.Hash)
	b = append(b, `","pw":`...)
	b = strconv.AppendUint(b, r.Password, 10)
	for _, f := range [...]struct {
		name  string
		value uint32
	}{{"seq", r.Seq}, {"seen", r.Seen}, {"upload", r.Upload}, {"log", r.Log}} {
		b = append(append(append(b, `,"`...), f.name...), `":`...)
		b = strconv.AppendUint(b, uint64(f.value), 10)
	}
	b = append(append(append(b, `,"type":"`...), r.Type()...), '"')
	for i, s := range r.Text {
		b = append(append(append(b, `,"`...), Columns[i]...), `":"`...)
		for _, c := range []byte(s) {
			if c == '"' || c == '\\' { // of masks; no field has control bytes
				b = append(b, '\\')
			}
			b = append(b, c)
		}
		b = append(b, '"')
	}
	return append(b, "}\n"...)
}

// timeOf returns the instant of unix seconds, 0 being none.
func timeOf(s uint32) (t time.Time) {
	if s == 0 {
		return t
	}
	return time.Unix(int64(s), 0).UTC()
}
