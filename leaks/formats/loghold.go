package formats

import (
	"errors"
	"strings"
)

// This file decides when the credentials that wait for their machines are given.

// direct reports whether v's credentials need not wait: it has given some
// already, and nothing is to be gained by holding more.
func (p *parser) direct(v *victim) bool { return v.given && len(v.held) == 0 }

// enter makes v the log being read, and gives what waits in the one before if
// its facts are known.
func (p *parser) enter(v *victim) error {
	if p.last == v {
		return nil
	}
	if old := p.last; old != nil && old.known {
		if err := p.flush(old); err != nil {
			return err
		}
	}
	p.last = v
	// To sum up all logs at each file would cost more than it saves.
	if p.entered++; p.entered%16 == 0 {
		return p.bound(v)
	}
	return nil
}

// bound keeps what waits below its limits: the oldest logs go first, then what
// there is of the current one.
func (p *parser) bound(current *victim) error {
	var sum int64
	for _, v := range p.logs.order {
		sum += v.size()
	}
	for i := 0; i < len(p.logs.order) && sum > p.opts.MaxHeld; i++ {
		if v := p.logs.order[i]; v != current && (len(v.held) > 0 || v.seen != nil) {
			sum -= v.size()
			if err := p.flush(v); err != nil {
				return err
			}
			v.seen = nil
		}
	}
	if sum > p.opts.MaxHeld {
		return p.flush(current)
	}
	return nil
}

// flush gives the credentials and cards of v that wait.
func (p *parser) flush(v *victim) error {
	m := v.facts()
	if len(v.held) > 0 && !v.known {
		v.early = true
	}
	held, cards := v.held, v.cards
	v.held, v.cards, v.bytes = nil, nil, 0
	for i := range held {
		if err := p.credential(v, &m, &held[i].credential, held[i].file); err != nil {
			return unwrapInner(err)
		}
	}
	if cap(held) > 0 {
		clear(held)
		p.spare = held[:0]
	}
	for i := range cards {
		c := cards[i].card
		c.Country, c.LogDate = m.Country, m.LogDate
		it := Item{Card: &c, File: cards[i].place.file, Line: cards[i].place.line, Archive: v.archive}
		if err := p.give(it, nil); err != nil {
			return err
		}
	}
	return nil
}

func unwrapInner(err error) error {
	var inner innerError
	if errors.As(err, &inner) {
		return inner.error
	}
	return err
}

// leaveArchive ends the logs of archives that the input has left for another.
func (p *parser) leaveArchive(now string) error {
	n := 0
	for _, v := range p.logs.order {
		if now == v.archive || v.archive == "" || strings.HasPrefix(now, v.archive+"!/") {
			break
		}
		n++
	}
	p.last = nil
	return p.closeAll(n)
}

// closeAll ends the first n logs: what waits is given, and a machine without
// any credential is.
func (p *parser) closeAll(n int) error {
	for _, v := range p.logs.order[:n] {
		if err := p.flush(v); err != nil {
			return err
		}
		if m := v.facts(); !v.given && (v.known || v.name.hardware != "") && m.isMachine() {
			place := v.system
			if place.file == "" {
				place.file = v.root
			}
			if err := p.give(Item{Machine: &m, File: place.file, Line: place.line, Archive: v.archive}, nil); err != nil {
				return err
			}
		}
		if p.last == v {
			p.last = nil
		}
	}
	p.logs.drop(n)
	return nil
}
