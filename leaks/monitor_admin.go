package leaks

import (
	"context"

	"github.com/leakscope/leakscope/watchlist"
)

// CreateMonitor makes a monitor of what is ingested from now on, or with backlog of
// what there is, too. A malformed filter is ErrInvalid; see [CheckMonitorFilter] and
// [watchlist.Directory.CreateMonitor].
func (s *Store) CreateMonitor(ctx context.Context, workspace string, spec watchlist.MonitorSpec, backlog bool) (watchlist.Monitor, error) {
	if err := CheckMonitorFilter(spec.Filter); err != nil {
		return watchlist.Monitor{}, err
	}
	from := uint64(0)
	if !backlog {
		var err error
		if from, err = s.NextSequence(ctx); err != nil {
			return watchlist.Monitor{}, err
		}
	}
	return s.watch.CreateMonitor(ctx, workspace, spec, from)
}

// UpdateMonitor changes a monitor as [watchlist.Directory.UpdateMonitor] does, if
// this store can use its filter.
func (s *Store) UpdateMonitor(ctx context.Context, workspace, monitor string, c watchlist.MonitorChange) (watchlist.Monitor, error) {
	if c.Filter != nil {
		if err := CheckMonitorFilter(*c.Filter); err != nil {
			return watchlist.Monitor{}, err
		}
	}
	return s.watch.UpdateMonitor(ctx, workspace, monitor, c)
}
