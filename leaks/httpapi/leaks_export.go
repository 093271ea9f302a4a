package httpapi

import (
	"context"
	"math"
	"reflect"
	"time"

	"github.com/leakscope/leakscope/leaks"
)

type exportIn struct {
	leaks.DetailsQuery
	limit     int
	workspace string
}

// An exportMark is a line between the rows of an export, which have no cursor:
// after a page of them, and at the end.
type exportMark struct {
	// Cursor continues behind the last row before this line; empty when there
	// is none.
	Cursor string `json:"cursor"`
	// Rows is how many rows this answer has had so far.
	Rows int `json:"rows"`
	// End says that nothing follows, here or behind a cursor. NextStartDate is
	// then what start_date to ask with next time for what was detected since:
	// rows of that day may come again, and a record that brings an earlier
	// upload_stealed of its own is not among them.
	End           bool   `json:"end"`
	NextStartDate string `json:"next_start_date,omitempty"`
}

// exportPage is how many rows there are between two marks.
const exportPage = 200

func (h *Handler) exportRoutes() []*endpoint {
	return []*endpoint{streamed("GET", "/leaks/details/export", about{
		api: leaksStyle, summary: "Leaked credentials in scope, deduplicated, one a line", errors: append([]int{410}, scoped...),
		doc: "Lines are rows of /leaks/details, and after every 200 and at the end a mark, which alone has a cursor. " +
			"Who loses the connection asks again with the last cursor and the same parameters, and goes on behind the rows before it, in the same snapshot of the store. " +
			"A cursor lasts for some minutes after its last use (410 then: start again). After the end, start_date with the last mark's next_start_date asks for what was detected since; rows of that day may come again, and what comes in later but brings an earlier upload_stealed of its own is not among it. An answer that ends without a mark whose end is true, or whose rows have reached limit, was broken off.",
		lines: []reflect.Type{reflect.TypeFor[leaks.Credential](), reflect.TypeFor[exportMark]()},
	}, func(in *exportIn) []*param {
		return append(detailsParams(&in.DetailsQuery, leaks.ByLastSeen),
			text("cursor", &in.Cursor, 1<<10, "Go on behind the rows before this mark").filled(),
			integer("limit", &in.limit, 1, math.MaxInt, "Rows of this answer at most; its last mark has the cursor of the rest"),
			workspaceParam(&in.workspace))
	}, h.export)}
}

// export sends page after page.
func (h *Handler) export(ctx context.Context, c *caller, in *exportIn, out *lines) (err error) {
	if in.Scope, err = c.scope(ctx, in.workspace); err != nil {
		return err
	}
	if in.Cursor == "" {
		in.Cursor = leaks.StartCursor
	}
	limit := orDefault(in.limit, math.MaxInt)
	// Read before the snapshot is taken: what comes in between comes again.
	today := h.now().UTC().Format(time.DateOnly)
	for mark := (exportMark{}); ; {
		in.PageSize = min(exportPage, limit-mark.Rows)
		page, err := h.opts.Store.Details(ctx, in.DetailsQuery)
		if err != nil {
			return err
		}
		for i := range page.Data {
			if err := out.add(&page.Data[i]); err != nil {
				return err
			}
		}
		mark.Rows += len(page.Data)
		mark.Cursor, in.Cursor = page.NextCursor, page.NextCursor
		if mark.End = page.NextCursor == ""; mark.End {
			mark.NextStartDate = today
		}
		if err := out.add(&mark); err != nil || mark.End || mark.Rows >= limit {
			return err
		}
	}
}
