package leaks

import (
	"fmt"

	"github.com/leakscope/leakscope/internal/flat"
)

// A dataset is a kind of rows with segments of its own. The numbers are part of
// the store format. Credentials have the table of this package (table_*.go), the
// others are schemas of package flat: to add one is to declare its columns, and
// how a record becomes a row of them.
type dataset uint8

const (
	setCredentials dataset = iota
	setDocuments
	setCards

	numSets
)

var setNames = [numSets]string{"credentials", "documents", "cards"}

func (d dataset) String() string {
	if d < numSets {
		return setNames[d]
	}
	return fmt.Sprintf("data set %d", uint8(d))
}

// schema returns what the rows of a flat data set are; nil for the credentials,
// and for a number that this build does not know.
func (d dataset) schema() *flat.Schema {
	switch d {
	case setDocuments:
		return documentSchema
	case setCards:
		return cardSchema
	}
	return nil
}

// sectionName names a section of the data set's segments, for Info.
func (d dataset) sectionName(id uint16) string {
	if s := d.schema(); s != nil {
		return s.SectionName(id)
	}
	return sectionName(id)
}

// flatSummary is a flat table's summary in the terms of the credentials': a row
// each, and a group each key.
func flatSummary(s flat.Summary, err error) (tableSummary, error) {
	return tableSummary{
		rows: uint32(s.Rows), groups: uint32(s.Keys), segment: s.Segment,
		minSeen: uint32(s.First), maxSeen: uint32(s.Last),
	}, err
}
