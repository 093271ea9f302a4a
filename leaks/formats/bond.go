package formats

import (
	"context"
	"path"
	"slices"
	"strings"
)

// A Bond says how a file in a folder on disk hangs together with the files
// around it, for callers who take the files of a folder apart.
type Bond uint8

// The bonds.
const (
	// BondRest: nothing is read of it, or it cannot be read.
	BondRest Bond = iota
	// BondNone: what [Parse] reads of it, it reads of it alone as well.
	BondNone
	// BondLog: it may be of a victim's log, with what lies in its folder and in
	// the folders of a log there, see [InLog].
	BondLog
	// BondSystem: it may say whose machine a log is of, and so of all that lies
	// in its folder and below, where nothing else says it.
	BondSystem
)

// BondOf tells the bond of a file by its name and its beginning; format is the
// one asked for. In doubt it is BondSystem. The entry's path is its base name.
func BondOf(ctx context.Context, e Entry, format Format) Bond {
	kind := nameKind(e.Path)
	switch {
	case format == Log:
		return BondSystem
	case kind == KindIgnored && otherExtension(extension(path.Base(e.Path))):
		return BondRest
	case kind == KindIgnored:
		kind = kindDoubtful
	case format == Auto && kind == KindSystem:
		return BondSystem
	case format == Auto && (kind == KindCookies || kind == KindCards):
		return BondLog
	}
	rc, err := e.Open()
	if err != nil {
		return BondRest
	}
	defer rc.Close() // only read
	sample, err := newTextSource(ctx, rc, e.Size, DefaultMaxLine).sample()
	if err != nil || isBinary(sample[:min(len(sample), binarySample)]) {
		return BondRest
	}
	if format != Auto {
		return BondNone
	}
	if kind == kindDoubtful {
		if votes := vote(sample); (votes.urlFirst+votes.urlLast+votes.emails)*10 < 6*votes.lines {
			return BondRest
		}
		return BondNone
	}
	switch c := sniff(sample); {
	case c.jsonl, c.json, c.csv != nil:
		return BondNone
	case c.system:
		return BondSystem
	case c.labelled, kind == KindCredentials && e.Size <= listSize:
		return BondLog
	}
	return BondNone
}

// InLog reports whether a folder is, by its name, part of a victim's log: then
// what lies beside it is of that log as well. At the top of an input some names
// say nothing.
func InLog(name string, top bool) bool {
	if Grabbed(name + "/x") {
		return true
	}
	if top && slices.Contains(strings.Fields(topFolders), string(foldKey(name, nil))) {
		return false
	}
	return isLogFolder(name)
}

// IsLog reports whether a folder is, by its name, that of one victim's log.
func IsLog(name string) bool {
	_, ok := readFolderName(name)
	return ok
}
