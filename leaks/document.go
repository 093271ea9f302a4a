package leaks

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leakscope/leakscope/internal/flat"
	"github.com/leakscope/leakscope/internal/normalize"
	"github.com/leakscope/leakscope/watchlist"
)

// A DocumentRecord is one sighting of a leaked file that names a domain, as a
// reader found it. Domain, and one of Name, URL and SHA256 are required.
//
// Sightings are one [Document] when domain, SHA256 and URL are equal; without a
// SHA256 when domain, URL, name and size are. The document is detected when the
// first of them was; everything else is that of the sighting detected last, and
// of several detected at once, of the one ingested last.
type DocumentRecord struct {
	Name   string
	Domain string // that the file names
	// URL is where the file was: a URL or host, whose user-info is dropped.
	URL         string
	Source      string // channel or feed
	Size        int64  // bytes, from 0
	SHA256      string // 64 hex digits
	PublishedAt time.Time
	DetectedAt  time.Time // the zero time means IngestOptions.Seen

	// Place is where the record stood. It is not stored; a reject carries it.
	Place Place
}

// A Document is a leaked file that names a domain.
type Document struct {
	ID          string `json:"id"` // 32 hex digits
	Name        string `json:"name"`
	Domain      string `json:"domain"`
	URL         string `json:"url"`
	Source      string `json:"source"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"` // lower-case hex; empty when unknown
	PublishedAt Time   `json:"publishedAt"`
	DetectedAt  Time   `json:"detectedAt"`
}

// A DocumentsQuery asks for documents.
type DocumentsQuery struct {
	// Scope: a document is in scope when its domain is.
	Scope watchlist.Scope
	// Domain keeps the documents of this domain and those below it; empty
	// keeps all. One that is not in scope is watchlist.ErrOutside.
	Domain string
	// From and To bound detectedAt: From is included, To is not.
	From, To Day
	// Search is a substring, in any case, of name, domain, url or source.
	Search string
	// SortBy is detectedAt, publishedAt, name, domain, url, source or size;
	// empty means detectedAt, Descending. Domains sort by their labels from the
	// right, texts by their bytes. Ties fall to the domain, then to the id.
	SortBy     string
	Descending bool
	Page       int // from 1; 0 means 1
	PageSize   int // 1 to 200; 0 means 50
}

// A DocumentsPage is the answer to a [DocumentsQuery].
type DocumentsPage struct {
	Data       []Document `json:"data"`
	Total      int        `json:"total"` // exact
	Page       int        `json:"page"`
	PageSize   int        `json:"page_size"`
	TotalPages int        `json:"total_pages"`
}

// Reasons of documents and cards beside those of [Record].
const (
	RejectURL         RejectReason = "url"
	RejectSHA256      RejectReason = "sha256"
	RejectSize        RejectReason = "size"
	RejectPublishedAt RejectReason = "publishedAt"
	RejectDetectedAt  RejectReason = "detectedAt"
)

// The columns of documents.
const (
	docDomain = iota // reversed, see domainKey
	docName
	docURL
	docSource
	docSHA256
	docSize
	docPublished
	docDetected
	docLast

	docColumns
)

var documentSchema = &flat.Schema{
	Name: "documents",
	Columns: []flat.Column{
		docDomain:    {Name: "domain", Kind: flat.Text},
		docName:      {Name: "name", Kind: flat.Text, Indexed: true},
		docURL:       {Name: "url", Kind: flat.Text, Indexed: true},
		docSource:    {Name: "source", Kind: flat.Text},
		docSHA256:    {Name: "sha256", Kind: flat.Bytes, Width: 32}, // zeros: unknown
		docSize:      {Name: "size", Kind: flat.Number},
		docPublished: {Name: "published", Kind: flat.Number}, // 0: unknown
		docDetected:  {Name: "detected", Kind: flat.Number},
		docLast:      {Name: "last", Kind: flat.Number},
	},
	First: docDetected, Last: docLast,
	Show: keyDomain,
}

var documentSorts = map[string]int{
	"detectedAt": docDetected, "publishedAt": docPublished, "name": docName, "domain": docDomain,
	"url": docURL, "source": docSource, "size": docSize,
}

// labelEnd stands between the labels of a domain's key. It is below every byte
// of a domain, so that a domain and all below it are one range of keys.
const labelEnd = "\x01"

// domainKey returns a domain's labels from the right: what is below a domain
// then follows it.
func domainKey(domain string) string {
	labels := strings.Split(domain, ".")
	slices.Reverse(labels)
	return strings.Join(labels, labelEnd)
}

// keyDomain undoes domainKey.
func keyDomain(key string) string {
	labels := strings.Split(key, labelEnd)
	slices.Reverse(labels)
	return strings.Join(labels, ".")
}

// domainSpan is the keys of a domain and all below it.
func domainSpan(domain string) flat.Span {
	key := domainKey(domain)
	return flat.Span{From: key, To: key + "\x02"}
}

// IngestDocuments takes every document of seq, as [Store.Ingest] does records.
// Batches of documents have identities of their own.
func (s *Store) IngestDocuments(ctx context.Context, seq iter.Seq2[DocumentRecord, error], opts *IngestOptions) (IngestResult, error) {
	return ingestFlat(ctx, s, setDocuments, seq, opts,
		func(rec *DocumentRecord) Place { return rec.Place }, (*preparer).document)
}

// document makes a row of a record.
func (p *preparer) document(rec *DocumentRecord, out *flat.Row) (RejectReason, string) {
	for _, f := range [...]struct {
		name, value string
		most        int
	}{
		{"name", rec.Name, maxHostBytes}, {"domain", rec.Domain, maxFactBytes}, {"url", rec.URL, maxHostBytes},
		{"source", rec.Source, maxFactBytes}, {"sha256", rec.SHA256, maxFactBytes},
	} {
		if len(f.value) > f.most {
			return RejectTooLong, f.name
		}
		if !utf8.ValidString(f.value) {
			return RejectBadUTF8, f.name
		}
	}
	domain, err := p.norm.Domain(rec.Domain)
	if err != nil {
		return RejectDomain, "is no domain"
	}
	name := strings.TrimSpace(rec.Name)
	url, err := p.norm.Host(rec.URL)
	if err != nil {
		return RejectURL, "holds no host name or address"
	}
	var sum [32]byte
	if hexSum := strings.TrimSpace(rec.SHA256); hexSum != "" {
		if len(hexSum) != 2*len(sum) {
			return RejectSHA256, "is not 64 hex digits"
		}
		if _, err := hex.Decode(sum[:], []byte(hexSum)); err != nil || sum == [32]byte{} {
			return RejectSHA256, "is not 64 hex digits"
		}
	}
	if name == "" && url.Host == "" && sum == [32]byte{} {
		return RejectNotARecord, "neither name, url nor sha256"
	}
	if rec.Size < 0 {
		return RejectSize, "is negative"
	}
	published, ok := unixSeconds(rec.PublishedAt)
	if !ok {
		return RejectPublishedAt, outOfTime
	}
	detected, ok := unixSeconds(rec.DetectedAt)
	if !ok {
		return RejectDetectedAt, outOfTime
	}
	detected = orDefault(detected, p.seen)

	out.Cells = append(out.Cells[:0], make([]flat.Cell, docColumns)...)
	c := out.Cells
	c[docDomain].Text = domainKey(domain)
	c[docName].Text = name
	c[docURL].Text = url.Host
	c[docSource].Text = orDefault(strings.TrimSpace(rec.Source), p.source)
	c[docSHA256].Text = string(sum[:])
	c[docSize].Number = uint64(rec.Size)
	c[docPublished].Number = uint64(published)
	c[docDetected].Number = uint64(detected)
	c[docLast].Number = uint64(detected)
	if sum != [32]byte{} {
		out.ID = p.hasher.Document("sha256", domain, url.Host, c[docSHA256].Text, "")
	} else {
		out.ID = p.hasher.Document("name", domain, url.Host, name, fmt.Sprint(rec.Size))
	}
	return "", ""
}

const outOfTime = "not from 1970-01-02 to 2106-02-07"

func documentOf(r *flat.Row) Document {
	d := Document{
		ID:          hex.EncodeToString(r.ID[:]),
		Name:        r.Cells[docName].Text,
		Domain:      keyDomain(r.Cells[docDomain].Text),
		URL:         r.Cells[docURL].Text,
		Source:      r.Cells[docSource].Text,
		Size:        int64(r.Cells[docSize].Number & math.MaxInt64),
		PublishedAt: timeOf(uint32(r.Cells[docPublished].Number)),
		DetectedAt:  timeOf(uint32(r.Cells[docDetected].Number)),
	}
	if sum := r.Cells[docSHA256].Text; strings.Trim(sum, "\x00") != "" {
		d.SHA256 = hex.EncodeToString([]byte(sum))
	}
	return d
}

// Documents returns one page of the documents that q selects, and their exact
// number. A page past the end is empty. Errors match ErrInvalid,
// watchlist.ErrOutside, ErrCorrupt, ErrClosed or those of ctx.
func (s *Store) Documents(ctx context.Context, q DocumentsQuery) (*DocumentsPage, error) {
	pq := pageQuery{
		from: q.From, to: q.To, search: q.Search, columns: []int{docName, docDomain, docURL, docSource},
		sortBy: q.SortBy, sorts: documentSorts, newest: docDetected, descending: q.Descending, page: q.Page, pageSize: q.PageSize,
	}
	fq, err := pq.compile()
	if err != nil {
		return nil, err
	}
	whole, spans, err := domainSpans(q.Scope, q.Domain)
	if err != nil {
		return nil, err
	}
	p, err := s.queryFlat(ctx, setDocuments, whole, spans, fq)
	if err != nil {
		return nil, fmt.Errorf("documents: %w", err)
	}
	page := &DocumentsPage{
		Data: make([]Document, len(p.Rows)), Total: p.Total,
		Page: pq.page, PageSize: pq.pageSize, TotalPages: (p.Total + pq.pageSize - 1) / pq.pageSize,
	}
	for i := range p.Rows {
		page.Data[i] = documentOf(&p.Rows[i])
	}
	return page, nil
}

// domainSpans are the keys of the domains in scope, or of one of them.
func domainSpans(scope watchlist.Scope, domain string) (whole bool, spans []flat.Span, err error) {
	if domain != "" {
		d, err := normalize.NewNormalizer().Domain(domain)
		if err != nil {
			return false, nil, paramErrorf("domain", "must be a domain name")
		}
		if scope, err = scope.OnlyDomains(d); err != nil {
			return false, nil, fmt.Errorf("domain: %w", err)
		}
	}
	for _, d := range scope.Domains() {
		spans = append(spans, domainSpan(d))
	}
	return scope.All(), spans, nil
}
