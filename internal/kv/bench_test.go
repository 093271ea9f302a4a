package kv

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// The question these benchmarks answer: should the bytes of a segment be files
// of our own, or 256 KiB values of Badger's with the settings that were measured
// to be durable and lean? One operation is one segment of 8 MiB. Compare with
//
//	go test -run '^$' -bench 'Publish|ReadBack' -benchtime 64x ./internal/kv
//
// where MB/s is durable writing (or reading, warm), disk-MiB what is on disk
// while everything is there, drop-ms what dropping one segment takes, and left-MiB what is left after all was dropped and
// everything but a restart was done to get the disk back.
const (
	benchSegment = 8 << 20
	benchChunk   = 256 << 10
)

func benchData() []byte {
	b := make([]byte, benchSegment)
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := 0; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], rnd.Uint64()) // incompressible, as real chunks are by then
	}
	return b
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

func BenchmarkPublish(b *testing.B) {
	b.Run("files", func(b *testing.B) {
		db := mustOpen(b, testOptions(b.TempDir()))
		ids := benchFiles(b, db)
		b.StopTimer()
		catalogue, segments, err := db.Usage()
		fatal(b, err)
		b.ReportMetric(mib(catalogue+segments), "disk-MiB")
		start := time.Now()
		for _, id := range ids {
			fatal(b, db.Publish(context.Background(), Edit{Remove: []uint64{id}}))
			fatal(b, db.RemoveFile(id))
		}
		b.ReportMetric(float64(time.Since(start).Microseconds())/1000/float64(b.N), "drop-ms")
		catalogue, segments, err = db.Usage()
		fatal(b, err)
		b.ReportMetric(mib(catalogue+segments), "left-MiB")
	})
	for name, drop := range map[string]func(*badger.DB, int) error{
		"values, Delete": func(db *badger.DB, segment int) error {
			return db.Update(func(txn *badger.Txn) error {
				for c := range benchSegment / benchChunk {
					if err := txn.Delete(valueKey(segment, c)); err != nil {
						return err
					}
				}
				return nil
			})
		},
		"values, DropPrefix": func(db *badger.DB, segment int) error { // stops all writing meanwhile
			return db.DropPrefix(valueKey(segment, 0)[:9])
		},
	} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			db := openValues(b, dir)
			benchValues(b, db)
			b.StopTimer()
			size, err := dirBytes(dir)
			fatal(b, err)
			b.ReportMetric(mib(size), "disk-MiB")
			start := time.Now()
			for i := range b.N {
				fatal(b, drop(db, i))
			}
			b.ReportMetric(float64(time.Since(start).Microseconds())/1000/float64(b.N), "drop-ms")
			fatal(b, db.Flatten(2))
			for range 2 * b.N {
				if err := db.RunValueLogGC(0.01); err != nil {
					break // nothing more to gain
				}
			}
			size, err = dirBytes(dir)
			fatal(b, err)
			b.ReportMetric(mib(size), "left-MiB")
		})
	}
	// The fixed cost of one publish: a segment of one byte.
	b.Run("smallest", func(b *testing.B) {
		db := mustOpen(b, testOptions(b.TempDir()))
		for b.Loop() {
			addSegment(b, db, 1, nil)
		}
	})
	// And of a transaction alone.
	b.Run("batch", func(b *testing.B) {
		db := mustOpen(b, testOptions(b.TempDir()))
		for b.Loop() {
			fatal(b, db.Publish(context.Background(), Edit{Batch: &BatchRecord{ID: "batch"}}))
		}
	})
}

func BenchmarkReadBack(b *testing.B) {
	b.Run("files", func(b *testing.B) {
		db := mustOpen(b, testOptions(b.TempDir()))
		ids := benchFiles(b, db)
		buf := make([]byte, benchChunk)
		b.ResetTimer()
		for i := range b.N {
			f, size, err := db.OpenSegment(ids[i])
			fatal(b, err)
			for off := int64(0); off < size; off += benchChunk {
				_, err := f.ReadAt(buf, off)
				fatal(b, err)
			}
			fatal(b, f.Close())
		}
	})
	b.Run("values", func(b *testing.B) {
		db := openValues(b, b.TempDir())
		benchValues(b, db)
		buf := make([]byte, benchChunk)
		b.ResetTimer()
		for i := range b.N {
			fatal(b, db.View(func(txn *badger.Txn) error {
				for c := range benchSegment / benchChunk {
					item, err := txn.Get(valueKey(i, c))
					if err == nil {
						buf, err = item.ValueCopy(buf)
					}
					if err != nil {
						return err
					}
				}
				return nil
			}))
		}
	})
}

func benchFiles(b *testing.B, db *DB) (ids []uint64) {
	data := benchData()
	b.SetBytes(benchSegment)
	b.ResetTimer()
	for range b.N {
		f, err := db.CreateSegment()
		fatal(b, err)
		for off := 0; off < len(data); off += benchChunk {
			_, err := f.Write(data[off : off+benchChunk])
			fatal(b, err)
		}
		size, err := f.Commit()
		fatal(b, err)
		seq := db.NextSeq()
		fatal(b, db.Publish(context.Background(), Edit{Add: []SegmentMeta{{ID: f.ID(), Size: size, FirstSeq: seq, EndSeq: seq + 1}}}))
		ids = append(ids, f.ID())
	}
	return ids
}

// openValues opens a Badger database set up for large values.
func openValues(b *testing.B, dir string) *badger.DB {
	db, err := badger.Open(badger.DefaultOptions(filepath.Clean(dir)).WithSyncWrites(true).
		WithValueThreshold(1 << 10).WithValueLogFileSize(64 << 20).
		WithMemTableSize(8 << 20).WithNumMemtables(2).WithNumCompactors(2).
		WithNumLevelZeroTables(1).WithNumLevelZeroTablesStall(4).
		WithCompression(options.None).WithBlockCacheSize(0).WithDetectConflicts(false).
		WithMetricsEnabled(false).WithLogger(nil))
	fatal(b, err)
	b.Cleanup(func() { db.Close() })
	return db
}

func benchValues(b *testing.B, db *badger.DB) {
	data := benchData()
	b.SetBytes(benchSegment)
	b.ResetTimer()
	for i := range b.N {
		fatal(b, db.Update(func(txn *badger.Txn) error {
			for c := range benchSegment / benchChunk {
				if err := txn.Set(valueKey(i, c), data[c*benchChunk:(c+1)*benchChunk]); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

func valueKey(segment, chunk int) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64([]byte{'c'}, uint64(segment)), uint32(chunk))
}

func fatal(b *testing.B, err error) {
	if err != nil {
		b.Helper()
		b.Fatal(err)
	}
}
