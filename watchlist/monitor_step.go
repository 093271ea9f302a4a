package watchlist

import "time"

// The transitions of monitors and events, pure: what they need is an argument,
// what is to be stored or sent they return.

// A look is what a monitor is shown.
type look struct {
	at     time.Time
	from   uint64 // the mark from which hashes were found
	to     uint64 // the sequence number up to which
	hashes []Hash // new ones, without those that the monitor has counted before
}

// An outcome is what a look has led to.
type outcome struct {
	counted []Hash     // never to be counted again
	notice  NoticeType // to be sent; empty: nothing
	changed bool       // monitor or event are to be stored
}

// look takes in new matches. The event is the open one, or nil; the one returned
// is open afterwards, or nil, and new if it was nil before: it has no id then.
func (m *Monitor) look(e *Event, l look) (*Event, outcome) {
	var o outcome
	if m.Disabled || l.to < m.Mark || l.from != m.Mark {
		return e, o // somebody else has looked meanwhile
	}
	if e == nil && len(l.hashes) < m.Threshold {
		return nil, o // the mark stays: they are found again, with more
	}
	if l.to > m.Mark {
		m.Mark, o.changed = l.to, true
	}
	if e == nil {
		e = &Event{Workspace: m.Workspace, Monitor: m.ID, State: EventOpen, Log: []LogEntry{}, OpenedAt: Time{l.at}, UpdatedAt: Time{l.at}}
		o.changed = true
	}
	if len(l.hashes) > 0 {
		o.counted, o.changed = l.hashes[:min(len(l.hashes), maxRemembered)], true
		e.Count += len(l.hashes)
		e.UpdatedAt = Time{l.at}
	}
	o.notice = m.due(e, l.at)
	if o.notice != "" {
		e.NotifiedAt, e.Notified, o.changed = Time{l.at}, e.Count, true
	}
	return e, o
}

// due says why an open event is to be sent now, if it is.
func (m *Monitor) due(e *Event, now time.Time) NoticeType {
	switch {
	case now.Before(m.MutedUntil.Time):
		return ""
	case e.NotifiedAt.IsZero():
		return NoticeOpened
	case m.RenotifyCount > 0 && e.Count-e.Notified >= m.RenotifyCount:
		return NoticeVolume
	case m.RenotifyAfter > 0 && e.State == EventOpen && now.Sub(e.NotifiedAt.Time) >= time.Duration(m.RenotifyAfter)*time.Second:
		return NoticeReminder
	}
	return ""
}

// act does to an event what an entry of its log says.
func (e *Event) act(l LogEntry) error {
	var err error
	if l.By, err = text("by", l.By, 0, maxName); err != nil {
		return err
	}
	least, most := 0, maxNote
	switch l.Action {
	case Comment:
		least = 1
	case Assign:
		most = maxName
	case Acknowledge, Close:
	default:
		return paramErrorf("action", "must be one of %s, %s, %s, %s", Acknowledge, Assign, Comment, Close)
	}
	if l.Text, err = text("text", l.Text, least, most); err != nil {
		return err
	}
	switch {
	case e.State == EventClosed && l.Action != Comment,
		e.State == EventAcknowledged && l.Action == Acknowledge,
		len(e.Log) >= maxLog && l.Action != Close:
		return ErrState
	}
	switch l.Action {
	case Acknowledge:
		e.State = EventAcknowledged
	case Assign:
		e.Assignee = l.Text
	case Close:
		e.State, e.ClosedAt = EventClosed, l.At
	}
	e.Log = append(e.Log, l)
	e.UpdatedAt = l.At
	return nil
}
