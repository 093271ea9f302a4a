package leaks

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Info describes a store.
type Info struct {
	Rows        uint64 `json:"rows"`        // occurrences of credentials
	Credentials uint64 `json:"credentials"` // per segment and root domain; one in several segments counts in each
	Documents   uint64 `json:"documents"`   // per segment, like Cards
	Cards       uint64 `json:"cards"`
	// Bytes on disk: the segments and the catalogue.
	Bytes        int64         `json:"bytes"`
	SegmentBytes int64         `json:"segment_bytes"`
	CatalogBytes int64         `json:"catalog_bytes"`
	Segments     []SegmentInfo `json:"segments"` // oldest first
	Parts        []PartInfo    `json:"parts"`    // largest first
}

// A SegmentInfo describes one segment.
type SegmentInfo struct {
	ID          string `json:"id"`
	Dataset     string `json:"dataset"` // "credentials", "documents" or "cards"
	Rows        uint64 `json:"rows"`
	Credentials uint64 `json:"credentials"` // domains of documents, BINs of cards
	Bytes       int64  `json:"bytes"`
	FirstSeen   Time   `json:"first_seen"`
	LastSeen    Time   `json:"last_seen"`
}

// A PartInfo sums one section over all segments.
type PartInfo struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// Info describes the store as it is now.
func (s *Store) Info(ctx context.Context) (*Info, error) {
	sn, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release(sn)
	info := &Info{Segments: []SegmentInfo{}, Parts: []PartInfo{}}
	if info.CatalogBytes, info.SegmentBytes, err = s.db.Usage(); err != nil {
		return nil, fmt.Errorf("info: %w", err)
	}
	info.Bytes = info.CatalogBytes + info.SegmentBytes
	parts := make(map[string]int64)
	for h := range sn.all() {
		set := dataset(h.meta.Set)
		switch set {
		case setCredentials:
			info.Rows += h.meta.Rows
			info.Credentials += h.meta.Groups
		case setDocuments:
			info.Documents += h.meta.Rows
		case setCards:
			info.Cards += h.meta.Rows
		}
		info.Segments = append(info.Segments, SegmentInfo{
			ID: segmentName(h.meta.ID), Dataset: set.String(), Rows: h.meta.Rows, Credentials: h.meta.Groups, Bytes: h.meta.Size,
			FirstSeen: timeOf(h.meta.MinSeen), LastSeen: timeOf(h.meta.MaxSeen),
		})
		for sec := range h.reader.Sections() {
			parts[set.sectionName(sec.ID)] += sec.Stored
		}
	}
	for name, bytes := range parts {
		info.Parts = append(info.Parts, PartInfo{name, bytes})
	}
	slices.SortFunc(info.Parts, func(a, b PartInfo) int {
		if a.Bytes != b.Bytes {
			if a.Bytes > b.Bytes {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return info, ctx.Err()
}

// Verify reads every stored byte and checks it. An error matches ErrCorrupt
// and says where the damage is.
func (s *Store) Verify(ctx context.Context) error {
	sn, err := s.acquire()
	if err != nil {
		return err
	}
	defer s.release(sn)
	for h := range sn.all() {
		if err := h.reader.Verify(ctx); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
	}
	return nil
}
