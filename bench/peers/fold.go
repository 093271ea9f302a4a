package peers

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/leakscope/leakscope/leaks"
)

// A Group is what an engine needs to know of a credential to place it in the
// order of a page.
type Group struct {
	Hash    [16]byte
	Root    string // set by engines that need it to find the rows
	Sources int
	Last    uint32 // greatest upload_stealed
}

// CompareGroups is the contract's order by source_count.
func CompareGroups(a, b *Group) int {
	if c := cmp.Compare(b.Sources, a.Sources); c != 0 {
		return c
	}
	if c := cmp.Compare(b.Last, a.Last); c != 0 {
		return c
	}
	return slices.Compare(a.Hash[:], b.Hash[:])
}

// Page makes the answer of a Details query from the groups of its page, in
// order, and all selected rows of these, in any order.
func Page(q *Query, total int, groups []Group, rows []Row) *leaks.DetailsPage {
	byHash := make(map[[16]byte][]*Row, len(groups))
	for i := range rows {
		byHash[rows[i].Hash] = append(byHash[rows[i].Hash], &rows[i])
	}
	page := &leaks.DetailsPage{
		Data: []leaks.Credential{}, Total: total, Page: q.Page, PageSize: PageSize,
		TotalPages: (total + PageSize - 1) / PageSize,
	}
	for i := range groups {
		page.Data = append(page.Data, Fold(byHash[groups[i].Hash]))
	}
	return page
}

// Fold makes one credential of its selected rows.
func Fold(rows []*Row) leaks.Credential {
	if len(rows) == 0 {
		return leaks.Credential{}
	}
	first, rep := rows[0].Seen, rows[0]
	var types, sources []string
	for _, r := range rows {
		first = min(first, r.Seen)
		types = append(types, r.Type())
		sources = append(sources, r.Text[Source])
		if r.Seen > rep.Seen || r.Seen == rep.Seen && r.Seq > rep.Seq {
			rep = r
		}
	}
	t := &rep.Text
	return leaks.Credential{
		Username: t[Username], Password: t[Mask], Types: distinct(types), Type: rep.Type(),
		FirstSeen: leaks.Time{Time: timeOf(first)}, LastSeen: leaks.Time{Time: timeOf(rep.Seen)},
		SourceCount: len(distinct(sources)),
		Host:        t[Host], Domain: t[Domain], LocalPart: t[Local], Protocol: t[Protocol],
		EmailDomain: t[Mail], RootDomain: t[Root],
		UploadDate: leaks.Time{Time: timeOf(rep.Upload)}, LogDate: leaks.Time{Time: timeOf(rep.Log)},
		MachineID: t[MachineID], ComputerName: t[Computer], HardwareID: t[HardwareID], MachineUser: t[MachineUser],
		IPAddress: t[IP], Country: t[Country], Software: t[Software], StealerName: t[StealerName],
		Hash: hex.EncodeToString(rep.Hash[:]),
	}
}

func distinct(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}

// FoldOccurrences makes the answer of a ByHash query.
func FoldOccurrences(rows []Row) *leaks.Occurrences {
	slices.SortFunc(rows, func(a, b Row) int {
		if c := cmp.Compare(b.Seen, a.Seen); c != 0 {
			return c
		}
		return cmp.Compare(b.Seq, a.Seq)
	})
	out := &leaks.Occurrences{Data: []leaks.Occurrence{}}
	for i := range rows {
		r, t := &rows[i], &rows[i].Text
		out.Data = append(out.Data, leaks.Occurrence{
			Type: r.Type(), Username: t[Username], Password: t[Mask], Host: t[Host], Domain: t[Domain],
			UploadStealed: leaks.Time{Time: timeOf(r.Seen)}, UploadDate: leaks.Time{Time: timeOf(r.Upload)},
			LogDate: leaks.Time{Time: timeOf(r.Log)}, Source: t[Source], StealerName: t[StealerName],
			Country: t[Country], IPAddress: t[IP], ComputerName: t[Computer], MachineUser: t[MachineUser],
			MachineID: t[MachineID], HardwareID: t[HardwareID], Software: t[Software],
		})
	}
	return out
}

// Matches reports whether a row passes the query's filters and search, not its
// scope. needle is q.Search in lower case.
func (q *Query) Matches(r *Row, needle string) bool {
	if q.Type != "" && q.Type != r.Type() || q.Country != "" && q.Country != r.Text[Country] || r.Seen < q.From {
		return false
	}
	if needle == "" {
		return true
	}
	for _, f := range Searched {
		if strings.Contains(strings.ToLower(r.Text[f]), needle) {
			return true
		}
	}
	return false
}
