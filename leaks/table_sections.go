package leaks

import (
	"fmt"

	"github.com/leakscope/leakscope/internal/codec"
)

// A dictID names one of the sixteen dictionaries of a table.
type dictID uint8

const (
	dictRoot dictID = iota
	dictDomain
	dictHost
	dictMail
	dictUser
	dictMask
	dictSource
	dictSoftware
	dictProtocol
	dictMachineID
	dictHWID
	dictComputer
	dictMUser
	dictIP
	dictCountry
	dictStealer

	numDicts
)

var dictNames = [numDicts]string{
	"root", "domain", "host", "mail", "user", "mask", "source", "software",
	"protocol", "machine_id", "hardware_id", "computer_name", "machine_user",
	"ip", "country", "stealer",
}

func (d dictID) String() string {
	if d < numDicts {
		return dictNames[d]
	}
	return fmt.Sprintf("dictionary %d", uint8(d))
}

// parent returns the dictionary below whose members those of d are grouped.
func (d dictID) parent() (dictID, bool) {
	switch d {
	case dictDomain:
		return dictRoot, true
	case dictHost:
		return dictDomain, true
	case dictUser:
		return dictMail, true
	}
	return 0, false
}

// A machineField is one fact of an infected machine; its number is its place
// in the tuple.
type machineField uint8

const (
	machineMachineID machineField = iota
	machineHWID
	machineComputer
	machineMUser
	machineIP
	machineCountry
	machineStealer

	machineFields
)

// dict returns the dictionary of a field's values.
func (f machineField) dict() dictID { return dictMachineID + dictID(f) }

// A bitmapKind is a column for which each value has a bitmap of its rows.
type bitmapKind uint8

const (
	bitmapType bitmapKind = iota
	bitmapCountry
	bitmapStealer
	bitmapSoftware
	bitmapProtocol

	bitmapKinds
)

// dict returns the dictionary of the values of k; types are their own numbers.
func (k bitmapKind) dict() (dictID, bool) {
	switch k {
	case bitmapCountry:
		return dictCountry, true
	case bitmapStealer:
		return dictStealer, true
	case bitmapSoftware:
		return dictSoftware, true
	case bitmapProtocol:
		return dictProtocol, true
	}
	return 0, false
}

// textDict says whether dictionary d, once large, gets a text index: those that
// substrings are looked for in and that grow with the rows. Computer names are
// too random: an index would take more than they do.
func textDict(d dictID) bool {
	switch d {
	case dictRoot, dictDomain, dictHost, dictMail, dictUser, dictIP:
		return true
	}
	return false
}

// The sections of a table.
//
// A table is the rows of one segment, each an occurrence, sorted by (bytes of
// the root domain, hash, seen, arrival). A run of equal (root, hash) is a
// group: a credential below one root. Groups and rows are numbered from 0.
//
//	dictionaries  dict+d        strings of dictionary d, sorted; those of
//	                            domain, host and user below each member of
//	                            their parents (root, domain, mail)
//	              starts+d      of those three: per member of the parent the
//	                            first ordinal below it, and the end
//	              text+d        text index of a large dictionary, see textDict
//	roots         rootGroups    per root its first group, and the end
//	groups        groupHash     16 bytes
//	              groupRow      first row, and the end
//	              groupDomain, groupUser, groupMask   ordinals
//	              groupDigest   8 bytes, little-endian
//	              groupPassword packPassword
//	              groupSources  distinct sources among its rows
//	              groupOrigin   number of an origin; only of a merged table
//	              groupSign     signatures, index.Sign, of the user's stored form
//	                            and, above it, of its mail domain; only of a
//	                            merged table
//	rows          rowSeen       Unix seconds
//	              rowUpload, rowLog   as the meta's timeCoding says
//	              rowSource, rowHost, rowSoftware, rowProtocol   ordinals
//	              rowMachine    number of a machine
//	              rowType       a Type
//	              rowOrdinal    rank of arrival; only with splitHash
//	origins       originSeq     first ingest sequence numbers of the segments, as
//	                            they were published, of which the table was
//	                            merged; ascending. None if it
//	                            is that of the segment for all groups
//	machines      machine+f     ordinal of field f; tuples distinct, sorted
//	              nameSign      union of the signatures of computer and user
//	              addressSign   signature of the IP; both only of a merged table
//	permutations  byHash        groups by high half of the hash, then number
//	              byUser        groups by user, then number
//	              userGroups    per user its first place in byUser, and the end
//	bitmaps       bitmap+k      per value of k the rows that have it
//	aggregates    aggName       dictionary of kind byte and domain name
//	              aggPlace      per name chunk<<32 | offset in aggData
//	              aggRows       per name rows<<1 | pinned
//	              aggData       per name a block: an encoded stats.Aggregate
//
//	tops          topRoot, topMail   ordinals of the root domains and the mail
//	                            domains that have lists; ascending
//	              topGroup      per domain of topRoot, then of topMail: the groups
//	                            of the first topPlaces places by sources, then by
//	                            last detection, as order says; only of a merged
//	                            table. Of mail domains only without splitHash
//
// Everything but dictionaries, text, bitmaps and aggregates is a column of
// internal/segment. Host ordinals number (domain, host) pairs, domain ordinals
// (root, domain) pairs, so all of one root's are one range.
const (
	sectionDict   uint16 = 0x100
	sectionStarts uint16 = 0x140

	sectionText uint16 = 0x160

	sectionRootGroups uint16 = 0x180

	sectionGroupHash     uint16 = 0x200
	sectionGroupRow      uint16 = 0x201
	sectionGroupDomain   uint16 = 0x202
	sectionGroupUser     uint16 = 0x203
	sectionGroupMask     uint16 = 0x204
	sectionGroupDigest   uint16 = 0x205
	sectionGroupPassword uint16 = 0x206
	sectionGroupSources  uint16 = 0x207
	sectionGroupOrigin   uint16 = 0x208
	sectionOriginSeq     uint16 = 0x209
	sectionGroupSign     uint16 = 0x20a

	sectionRowSeen     uint16 = 0x300
	sectionRowUpload   uint16 = 0x301
	sectionRowLog      uint16 = 0x302
	sectionRowSource   uint16 = 0x303
	sectionRowHost     uint16 = 0x304
	sectionRowMachine  uint16 = 0x305
	sectionRowType     uint16 = 0x306
	sectionRowSoftware uint16 = 0x307
	sectionRowProtocol uint16 = 0x308
	sectionRowOrdinal  uint16 = 0x309

	sectionMachine     uint16 = 0x400
	sectionNameSign    uint16 = 0x440
	sectionAddressSign uint16 = 0x441

	sectionByHash     uint16 = 0x500
	sectionByUser     uint16 = 0x501
	sectionUserGroups uint16 = 0x502

	sectionBitmap uint16 = 0x600

	sectionAggName  uint16 = 0x700
	sectionAggPlace uint16 = 0x701
	sectionAggRows  uint16 = 0x702
	sectionAggData  uint16 = 0x703

	sectionTopRoot  uint16 = 0x800
	sectionTopMail  uint16 = 0x801
	sectionTopGroup uint16 = 0x802
)

// sectionName returns a short name of a section, for Info.
func sectionName(id uint16) string {
	if d := id - sectionDict; d < uint16(numDicts) {
		return "dict." + dictNames[d]
	}
	if d := id - sectionStarts; d < uint16(numDicts) {
		return "starts." + dictNames[d]
	}
	if d := id - sectionText; d < uint16(numDicts) {
		return "text." + dictNames[d]
	}
	if f := id - sectionMachine; f < uint16(machineFields) {
		return "machine." + machineField(f).dict().String()
	}
	if k := id - sectionBitmap; k < uint16(bitmapKinds) {
		return "bitmap." + [...]string{"type", "country", "stealer", "software", "protocol"}[k]
	}
	if s, ok := columnNames[id]; ok {
		return s
	}
	return fmt.Sprintf("section %#x", id)
}

var columnNames = map[uint16]string{
	sectionRootGroups:    "root.groups",
	sectionGroupHash:     "group.hash",
	sectionGroupRow:      "group.row",
	sectionGroupDomain:   "group.domain",
	sectionGroupUser:     "group.user",
	sectionGroupMask:     "group.mask",
	sectionGroupDigest:   "group.digest",
	sectionGroupPassword: "group.password",
	sectionGroupSources:  "group.sources",
	sectionGroupOrigin:   "group.origin",
	sectionOriginSeq:     "origin.seq",
	sectionGroupSign:     "group.signature",
	sectionNameSign:      "machine.name_signature",
	sectionAddressSign:   "machine.address_signature",
	sectionRowSeen:       "row.seen",
	sectionRowUpload:     "row.upload",
	sectionRowLog:        "row.log",
	sectionRowSource:     "row.source",
	sectionRowHost:       "row.host",
	sectionRowMachine:    "row.machine",
	sectionRowType:       "row.type",
	sectionRowSoftware:   "row.software",
	sectionRowProtocol:   "row.protocol",
	sectionRowOrdinal:    "row.ordinal",
	sectionByHash:        "order.hash",
	sectionByUser:        "order.user",
	sectionUserGroups:    "order.user_groups",
	sectionAggName:       "aggregate.name",
	sectionAggPlace:      "aggregate.place",
	sectionAggRows:       "aggregate.rows",
	sectionAggData:       "aggregate.data",
	sectionTopRoot:       "top.root",
	sectionTopMail:       "top.mail",
	sectionTopGroup:      "top.group",
}

// tableVersion is the version of all the above; a reader refuses others.
const tableVersion = 1

// tableMeta is the segment's meta blob.
type tableMeta struct {
	rows, groups uint32
	dicts        [numDicts]uint32 // strings of each dictionary
	machines     uint32
	aggregates   uint32
	minSeen      uint32 // over all rows; 0 without rows
	maxSeen      uint32
	ordinals     uint64        // above every row's ordinal
	splitHash    bool          // some hash may stand below two roots
	ownRoots     bool          // some row may have another root than its domain has by rootList
	rootList     uint64        // normalize.RootList of the newest rows
	signed       bool          // there are signatures
	coding       [2]timeCoding // of upload and log
	origins      uint32        // 0: all groups have that of the segment
	topPlaces    uint32        // places of a list of tops
	topRoots     uint32        // domains that have lists
	topMails     uint32
}

func (m *tableMeta) encode() []byte {
	var w codec.Writer
	w.Uint8(tableVersion)
	w.Uvarint(uint64(m.rows))
	w.Uvarint(uint64(m.groups))
	w.Uvarint(uint64(numDicts))
	for _, n := range m.dicts {
		w.Uvarint(uint64(n))
	}
	w.Uvarint(uint64(m.machines))
	w.Uvarint(uint64(m.aggregates))
	w.Uint32(m.minSeen)
	w.Uint32(m.maxSeen)
	w.Uvarint(m.ordinals)
	w.Uint8(boolByte(m.splitHash) | boolByte(m.ownRoots)<<1 | boolByte(m.signed)<<2)
	w.Uint64(m.rootList)
	w.Uint8(uint8(m.coding[0]))
	w.Uint8(uint8(m.coding[1]))
	// What only merged tables have.
	if m.origins != 0 || m.topRoots+m.topMails != 0 {
		w.Uvarint(uint64(m.origins))
	}
	if m.topRoots+m.topMails != 0 {
		w.Uvarint(uint64(m.topPlaces))
		w.Uvarint(uint64(m.topRoots))
		w.Uvarint(uint64(m.topMails))
	}
	return w.Bytes()
}

func decodeTableMeta(b []byte) (*tableMeta, error) {
	r := codec.NewReader(b)
	if v := r.Uint8(); r.Err() == nil && v != tableVersion {
		return nil, fmt.Errorf("%w: table version %d, known is %d", ErrCorrupt, v, tableVersion)
	}
	count := func() uint32 {
		v := r.Uvarint()
		if v > maxTableRows {
			r.Fail("count beyond the limit")
			return 0
		}
		return uint32(v)
	}
	m := &tableMeta{rows: count(), groups: count()}
	if n := r.Uvarint(); r.Err() == nil && n != uint64(numDicts) {
		r.Fail("another number of dictionaries")
	}
	for d := range m.dicts {
		m.dicts[d] = count()
	}
	m.machines = count()
	m.aggregates = count()
	m.minSeen, m.maxSeen = r.Uint32(), r.Uint32()
	m.ordinals = r.Uvarint()
	flags := r.Uint8()
	m.splitHash, m.ownRoots, m.signed = flags&1 != 0, flags&2 != 0, flags&4 != 0
	m.rootList = r.Uint64()
	for i := range m.coding {
		m.coding[i] = timeCoding(r.Uint8())
	}
	if r.Left() > 0 {
		if m.origins = count(); m.origins > m.rows || m.origins == 0 && r.Left() == 0 {
			r.Fail("a number of origins that is not written")
		}
	}
	if r.Left() > 0 {
		m.topPlaces, m.topRoots, m.topMails = count(), count(), count()
		if m.topPlaces == 0 || m.topPlaces > maxTopPlaces || m.topRoots > m.dicts[dictRoot] || m.topMails > m.dicts[dictMail] || m.topRoots+m.topMails == 0 {
			r.Fail("numbers of lists that are not written")
		}
	}
	switch {
	case r.Err() != nil:
	case m.groups > m.rows:
		r.Fail("more groups than rows")
	case m.rows > 0 && (m.groups == 0 || m.machines == 0 || m.minSeen > m.maxSeen):
		r.Fail("rows without what they refer to")
	case flags > 7 || m.coding[0] > timeDelta || m.coding[1] > timeDelta:
		r.Fail("unknown coding")
	}
	if m.rows > 0 {
		for d, n := range m.dicts {
			if n == 0 {
				r.Fail("empty dictionary of " + dictNames[d])
			}
		}
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("table meta: %w", err)
	}
	return m, nil
}

func boolByte(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
