package watchlist

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
)

// ErrState: an event is not in a state in which that can be done to it.
var ErrState = errors.New("not possible in this state")

// A Monitor is a rule that a workspace has watched: when credentials that were
// never seen before match it, an [Event] opens.
//
// Each look takes in what was ingested since the mark, the last sequence number
// that was looked at. While no event is open and fewer than Threshold new
// credentials match, the mark stays, so that they add up over looks. At the
// threshold one event opens. Until it is closed, later matches are counted into
// it; what it has counted is never counted again by the monitor, since the mark has
// passed it, and, but for what one look finds beyond 100,000, not even if the store
// forgets it and meets it anew.
type Monitor struct {
	ID        string `json:"id"`
	Workspace string `json:"workspace"`
	MonitorSpec
	MutedUntil Time   `json:"mutedUntil"` // until then nothing is sent; zero: it is not muted
	Mark       uint64 `json:"mark"`       // ingest sequence numbers below it were looked at
	OpenEvent  string `json:"openEvent"`  // id; empty for none
	CreatedAt  Time   `json:"createdAt"`
	UpdatedAt  Time   `json:"updatedAt"` // of the spec or the mute
}

// MonitorSpec is what somebody decides about a monitor.
type MonitorSpec struct {
	Name     string        `json:"name"` // 1 to 100 characters; need not be unique
	Filter   MonitorFilter `json:"filter"`
	Disabled bool          `json:"disabled"` // is not looked at; its mark stays
	// Threshold is how many new credentials open an event, 1 to 1,000,000.
	Threshold int `json:"threshold"`
	// RenotifyAfter has an open event that nobody has acknowledged sent again
	// after so many seconds; 0: never. At least 60, at most a year.
	RenotifyAfter int64 `json:"renotifyAfter"`
	// RenotifyCount has an open event, acknowledged or not, sent again when so
	// many more were counted; 0: never.
	RenotifyCount int `json:"renotifyCount"`
	// Webhook is where to send, an absolute http or https URL without user-info;
	// empty: nowhere.
	Webhook string `json:"webhook"`
}

// A MonitorFilter says which occurrences count, beside being in the scope of the
// workspace. Values of one field are alternatives, fields must all hold, empty
// ones do. At most 100 values in all.
//
// A credential is new once, for all filters at the same time. One that came first
// as Combo is no longer new when it comes as Stealer, so a monitor with Types
// Stealer alone never counts it: it was known that the password had leaked. Who
// wants to hear of both names no types.
type MonitorFilter struct {
	Domains   []string `json:"domains,omitempty"`   // cover the names below them
	Usernames []string `json:"usernames,omitempty"` // logins and e-mail addresses
	Keywords  []string `json:"keywords,omitempty"`  // in hosts
	Types     []string `json:"types,omitempty"`
	Countries []string `json:"countries,omitempty"`
	Stealers  []string `json:"stealers,omitempty"`
}

// A Hash is that of a credential.
type Hash [16]byte

// A MonitorSource is a store as monitors see it.
type MonitorSource interface {
	// NextSequence is the first ingest sequence number that is not published
	// yet: whatever has a lower one can be queried, and never changes.
	NextSequence(ctx context.Context) (uint64, error)
	// NewCredentials yields, in any order and each once, the credentials that
	// have an occurrence within scope and filter, and of all of whose
	// occurrences the first ever ingested, within or not, has a sequence number
	// in [from, to): what is new is new for every monitor at the same time.
	// Occurrences that are gone from the store need not be known.
	NewCredentials(ctx context.Context, scope Scope, filter MonitorFilter, from, to uint64) iter.Seq2[Hash, error]
}

// EventState is how far an event has come.
type EventState string

// The states of an event, in the order in which it goes through them;
// EventAcknowledged may be left out.
const (
	EventOpen         EventState = "open"
	EventAcknowledged EventState = "acknowledged"
	EventClosed       EventState = "closed"
)

// An Event is what a monitor has found, from the first match to its closing.
type Event struct {
	ID         string     `json:"id"`
	Workspace  string     `json:"workspace"`
	Monitor    string     `json:"monitor"`
	State      EventState `json:"state"`
	Count      int        `json:"count"` // credentials
	Assignee   string     `json:"assignee"`
	Log        []LogEntry `json:"log"` // what was done, oldest first
	OpenedAt   Time       `json:"openedAt"`
	UpdatedAt  Time       `json:"updatedAt"` // of the count or the log
	ClosedAt   Time       `json:"closedAt"`
	NotifiedAt Time       `json:"notifiedAt"` // zero: not yet, for the monitor is muted
	Notified   int        `json:"notified"`   // the count then
}

// A LogEntry is one thing done to an event.
type LogEntry struct {
	At     Time        `json:"at"`
	By     string      `json:"by"` // who: a name or the id of a key
	Action EventAction `json:"action"`
	Text   string      `json:"text,omitempty"` // the comment, or the assignee
}

// An EventAction is what somebody does to an event.
type EventAction string

// The actions. A closed event takes comments only; one that is acknowledged
// cannot be acknowledged again.
const (
	Acknowledge EventAction = "acknowledge" // somebody looks after it: no more reminders
	Assign      EventAction = "assign"      // to Text; empty: to nobody
	Comment     EventAction = "comment"
	Close       EventAction = "close"
)

// NoticeType says why something is sent.
type NoticeType string

// The types of notices.
const (
	NoticeOpened   NoticeType = "event.opened"   // the first one of an event
	NoticeVolume   NoticeType = "event.volume"   // RenotifyCount more
	NoticeReminder NoticeType = "event.reminder" // RenotifyAfter is over
)

const (
	maxMonitors      = 200 // of a workspace
	maxThreshold     = 1_000_000
	maxRemembered    = 100_000 // credentials of one look that are remembered one by one
	maxFilterValues  = 100
	maxWebhook       = 2000 // bytes of a URL
	maxLog           = 500  // entries of an event, but for its closing
	maxRenotifyAfter = 366 * 24 * 3600
	minRenotifyAfter = 60
)

// check normalises a spec, or says what is wrong with it.
func (s *MonitorSpec) check() (err error) {
	if s.Name, err = text("name", s.Name, 1, maxName); err != nil {
		return err
	}
	switch {
	case s.Threshold < 1 || s.Threshold > maxThreshold:
		return paramErrorf("threshold", "must be from 1 to %d", maxThreshold)
	case s.RenotifyCount < 0 || s.RenotifyCount > maxThreshold:
		return paramErrorf("renotifyCount", "must be from 0 to %d", maxThreshold)
	case s.RenotifyAfter != 0 && (s.RenotifyAfter < minRenotifyAfter || s.RenotifyAfter > maxRenotifyAfter):
		return paramErrorf("renotifyAfter", "must be 0 or from %d to %d seconds", minRenotifyAfter, maxRenotifyAfter)
	}
	n := 0
	for name, list := range map[string]*[]string{
		"domains": &s.Filter.Domains, "usernames": &s.Filter.Usernames, "keywords": &s.Filter.Keywords,
		"types": &s.Filter.Types, "countries": &s.Filter.Countries, "stealers": &s.Filter.Stealers,
	} {
		*list = slices.Clone(*list)
		for i := range *list {
			if (*list)[i], err = text("filter."+name, (*list)[i], 1, maxLoginBytes); err != nil {
				return err
			}
		}
		n += len(*list)
	}
	if n > maxFilterValues {
		return paramErrorf("filter", "must have at most %d values", maxFilterValues)
	}
	return checkWebhook(s.Webhook)
}

func checkWebhook(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxWebhook || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return paramErrorf("webhook", "must be an absolute http or https URL without user-info, of at most %d bytes", maxWebhook)
	}
	return nil
}
