package leaks

import (
	"encoding/binary"

	"github.com/leakscope/leakscope/internal/segment"
)

// Groups and rows reach the columns in batches, a column at a time: in a loop
// over one column no turn waits for the one before, and what it touches stays
// in the nearest cache. A batch holds so many groups, or rows.
const (
	batchGroups = 128
	batchRows   = 192
)

// A groupBatch is some groups in the ordinals of the new table, by column.
type groupBatch struct {
	n            int
	hash, digest []byte // as they are stored
	row          []uint32
	domain, user []uint32
	mask, pw     []uint32
	origin       []uint32
}

// resize makes room for n groups.
func (b *groupBatch) resize(n int) {
	b.hash, b.digest = resize(b.hash, 16*n), resize(b.digest, 8*n)
	for _, c := range []*[]uint32{&b.row, &b.domain, &b.user, &b.mask, &b.pw, &b.origin} {
		*c = resize(*c, n)
	}
}

// key sets hash and digest of group i of the batch.
func (b *groupBatch) key(i int, hash hash128, digest uint64) {
	to := b.hash[16*i : 16*i+16]
	binary.BigEndian.PutUint64(to, hash.hi)
	binary.BigEndian.PutUint64(to[8:], hash.lo)
	binary.LittleEndian.PutUint64(b.digest[8*i:], digest)
}

// writeGroups writes the batch and empties it. The columns of what a root and
// a group's sources have are the caller's, and so is the number of groups.
func (w *tableWriter) writeGroups(b *groupBatch) {
	n := b.n
	w.groupHash.AppendAll(b.hash[:16*n])
	w.groupDigest.AppendAll(b.digest[:8*n])
	w.groupRow.AppendAll(b.row[:n])
	w.groupDomain.AppendAll(b.domain[:n])
	w.groupUser.AppendAll(b.user[:n])
	w.groupMask.AppendAll(b.mask[:n])
	w.groupPassword.AppendAll(b.pw[:n])
	if w.groupOrigin != nil {
		w.groupOrigin.AppendAll(b.origin[:n])
	}
	if w.groupSign != nil {
		for _, u := range b.user[:n] {
			w.groupSign.Append(w.signs.ofUser(u, w.orders.places.userMail[u]))
		}
	}
	if w.orders == nil {
		w.users = append(w.users, b.user[:n]...)
	}
	b.n = 0
}

// A rowBatch is some rows in the ordinals of the new table, by column.
type rowBatch struct {
	n                  int
	seen, upload, log  []uint32
	typ, source        []uint32
	host, machine      []uint32
	country, stealer   []uint32 // of the machine
	software, protocol []uint32
}

// resize makes room for n rows.
func (b *rowBatch) resize(n int) {
	for _, c := range []*[]uint32{
		&b.seen, &b.upload, &b.log, &b.typ, &b.source, &b.host, &b.machine,
		&b.country, &b.stealer, &b.software, &b.protocol,
	} {
		*c = resize(*c, n)
	}
}

// machines sets what is known of the rows' machines.
func (b *rowBatch) machines(w *tableWriter) {
	country, stealer := b.country[:b.n], b.stealer[:b.n]
	for i, m := range b.machine[:b.n] {
		country[i], stealer[i] = w.machineCountry[m], w.machineStealer[m]
	}
}

// writeRows writes the batch, whose first row has number first, and empties it.
func (w *tableWriter) writeRows(b *rowBatch, first uint32) {
	n := b.n
	b.n = 0
	if n == 0 {
		return
	}
	seen := b.seen[:n]
	if first == 0 {
		w.meta.minSeen = seen[0]
	}
	least, most := w.meta.minSeen, w.meta.maxSeen
	for _, t := range seen {
		least, most = min(least, t), max(most, t)
	}
	w.meta.minSeen, w.meta.maxSeen = least, most
	w.rowSeen.AppendAll(seen)
	for i, c := range []struct {
		to *segment.IntsWriter
		at []uint32
	}{{w.rowUpload, b.upload[:n]}, {w.rowLog, b.log[:n]}} {
		if coding := w.meta.coding[i]; coding == timePlain {
			c.to.AppendAll(c.at)
		} else {
			for i, t := range c.at {
				c.to.Append(coding.encode(seen[i], t))
			}
		}
	}
	w.rowSource.AppendAll(b.source[:n])
	w.rowHost.AppendAll(b.host[:n])
	w.rowMachine.AppendAll(b.machine[:n])
	w.rowType.AppendAll(b.typ[:n])
	w.rowSoftware.AppendAll(b.software[:n])
	w.rowProtocol.AppendAll(b.protocol[:n])
	for k, values := range [bitmapKinds][]uint32{
		bitmapType: b.typ, bitmapCountry: b.country, bitmapStealer: b.stealer,
		bitmapSoftware: b.software, bitmapProtocol: b.protocol,
	} {
		w.bitmaps[k].AddAll(values[:n], first)
	}
}
