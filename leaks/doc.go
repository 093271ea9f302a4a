// Package leaks is the front door of leakscope: a store of leaked credentials
// in one directory, and the queries over it.
//
// A [Store] takes raw [Record]s, each one credential seen in one place, and
// answers for the organisations it protects: which credentials are known
// ([Store.Details]), where each was seen ([Store.Occurrences]), how much there
// is and since when ([Store.Analytics], [Store.Stats]), and whether a given
// credential is known at all ([Store.Exposed]). Passwords are replaced by a
// mask, a keyed digest and a keyed hash before anything is stored; there is no
// way to get one back, and no switch to keep one.
//
//	s, err := leaks.Open(dir, &leaks.Options{Key: key})
//	...
//	_, err = s.Ingest(ctx, formats.Read(ctx, file, formats.Options{}), nil)
//	...
//	scope, err := leaks.Narrow(watchlist.Administrator(), leaks.RootDomain, "example.com")
//	...
//	page, err := s.Details(ctx, leaks.DetailsQuery{Scope: scope, Column: leaks.RootDomain})
//
// # What an answer means
//
// Every answer equals what a plain scan of all records would give, and does not
// depend on how they were cut into batches and segments, or merged. What the
// contract leaves open is decided here:
//
//   - local_part and email_domain are the halves of the username and nothing
//     else: a record that brings others is a reject. So is a root_domain that
//     is neither the domain nor above it; one that is, but differs from the
//     public suffix list's, is kept as brought.
//   - email_domain and all domains are A-labels in lower case; the username and
//     the host keep their spelling.
//   - upload_stealed of a record that brings none is [IngestOptions.Seen].
//     Times are kept to the second; a time that is absent is "" in JSON.
//   - Without a type, a record with any machine fact is Stealer, else Combo.
//   - An unnamed source is a source: source_count counts it as one. An empty
//     username, password or inverse domain is none, and is not counted as a
//     distinct one.
//   - type, like all representative fields, is that of the occurrence detected
//     last; of several detected at once, of the one ingested last.
//   - A filter value compares as the stored value was normalised: names of
//     types, countries and stealers in any case, domains in any spelling,
//     everything else exactly. An empty value selects rows that lack the field.
//   - search folds case by the simple folding of Unicode (index.Fold).
//   - Documents and cards are deduplicated: sightings of one (see
//     [DocumentRecord], [CardRecord]) are one row, detected when the first was,
//     with everything else of the one detected last. [Store.Expire] drops a row
//     once its last sighting is too old, and leaves its first until then.
//
// # Scopes
//
// What a query may see is a [watchlist.Scope], and the [Column] by which rows
// are compared with it. A domain of a scope covers itself and every domain below
// it. The three columns are functions of a credential's hash, so a credential is
// in scope with all its occurrences or with none. Every answer, each count in
// it, and each cursor is over the rows in scope alone; a hash outside is as
// unknown as one that does not exist, and a domain outside is [ErrOutside],
// known or not. What an answer is kept by, and a cursor authenticated with,
// includes the column and the digest of the scope.
//
// Which root domains and e-mail domains of a segment an entry covers is found
// with the dictionaries' text index, for very many entries by going through the
// names, and remembered, since segments do not change. A root domain that is
// covered is one range of groups; only an entry that lies below a root domain
// costs a look at the domain of each of that root's groups.
//
// # Keywords
//
// A keyword matches a row when its tokens, the longest runs of letters and
// digits of Unicode, stand among those of the row's host in a row, in any case
// ([Store.KeywordSearch]). The host is what was found, a URL or a name: an IDN
// matches in the spelling it was found in, Unicode or A-label, and a row without
// a host matches nothing. Case is folded as by search.
//
// There is no index of tokens. The hosts of a segment are a dictionary with a
// text index of trigrams, which leads to those that hold the keyword's longest
// token; their tokens are then compared, and the hosts found are remembered. Of
// a segment of 5,000,000 rows and 1,650,000 hosts, on one machine, a rare
// keyword takes 0.4 ms the first time and 0.05 ms again; one that 140,000 hosts
// match, 180 ms, of which an index of tokens would save most, and 85 ms again,
// for 290,000 credentials, of which it would save nothing. It would take as much
// room as the trigrams, which serve search, too.
//
// # Searches
//
// A search text is looked for in strings, each at most once, not in rows. Of a
// scope that is small beside a segment (a sixteenth of its credentials, or 4,096)
// these are the strings that its own rows refer to, so that a search of a domain
// costs what the domain has, not what the segment has. Merged segments hold, for
// 4 bytes a record, signatures beside the credentials and machines: bits that are
// set by trigrams, which rule out nine in ten usernames and machines without a look
// at the string. Of a larger scope, whole dictionaries are searched by their text
// indexes. Up to 4,096 credentials in scope nothing but their own strings is looked
// at, and the time tells nothing of what others have.
//
// Searched in a domain of 10,000 rows: 0.58 ms of 1,000,000 records, 0.55 of 5,000,000
// and 0.82 of 20,000,000; 1.0, 4.3 and 14 when all usernames of a segment were
// searched.
//
// # What is new
//
// [Store.NewCredentials] is how monitors of package watchlist see a store: which
// credentials came first between two marks of the ingest sequence. Marks lie
// between publications, so a table need not know when each row came, only in which
// segment, as once published, each credential first did. A fresh segment is its own
// answer. A merged one has a column for it, a number of log2(origins) bits a
// credential: of 1,000,000 rows in ten segments, 0.33 bytes a record, and no time of
// the merge that could be told from noise. A credential found in a segment that
// reaches beyond the first mark is then looked up by hash in the older ones.
//
// It would take an origin for each row to tell which credential matches a filter for
// the first time; so what counts is that the credential itself is new.
//
// # Design
//
// Records are normalised and hashed by workers, collected in memory, and
// written as a segment: an immutable file of columns, sorted by (root domain,
// hash, detection time), with its dictionaries, roaring indexes and aggregates
// (table_sections.go draws it; internal/segment holds the container). One small
// transaction in Badger publishes a segment together with the checkpoint of its
// input, so a segment is visible whole or not at all, and a killed ingest
// continues where it had come to. A query takes a snapshot, a list of segments
// that nothing changes, and merges streams of their groups: a domain is one
// range of each segment, in the same order. Segments of like size are merged in
// the background, eight into one; while an ingest runs, four into one if queries
// are asked, and few if none are, until it ends, and none larger than the memory
// budget allows beside the ingest's own. A merge also lists the first
// credentials of each large domain, in both orders, so that the first pages of a
// store that is merged into one segment do not go through the domain. Where several
// segments share a large domain, its first credentials are found once and kept
// until something is published.
//
// One thing differs from the first design, which kept the segments as chunks in
// Badger's value log: a segment is a file of its own, and Badger holds only the
// catalogue. Measured with the benchmark in internal/kv (512 MiB in segments of
// 8 MiB, one machine, two cores), both write and read equally fast within the
// noise, 570 against 690 MB/s and 8 against 10 GB/s warm. What decides is the
// rest: dropped segments give their disk back at once by unlink, where the
// value log kept all 512 MiB after Delete, Flatten and its own collection, or
// blocked writers for DropPrefix; a full disk is an error to a file and a
// SIGBUS to a mapped log; and damage is found by our checksums instead of
// reading as an empty value.
//
// On Linux what a segment's file holds uncompressed is mapped, to be read only, and
// after each chunk was read and checked in the ordinary way: a full disk, a damaged
// or a shortened file is an error. What fails later, for what was read before, a disk or
// a share that goes away under an open store, is a fault of memory, and the same error
// (faults.go): the query fails with [ErrCorrupt], and the process goes on. A file that
// others write to is not looked at again: nobody may. What Badger maps, the small files
// of the catalogue, is its own, and a fault there still ends the process.
//
// # Reading the source
//
//	store.go snapshot.go       a store, its segments, who may read them
//	prepare.go                 record -> row
//	ingest*.go digest.go       the pipeline from a sequence to segments, and what tells an input
//	table_*.go                 the table of credentials in a segment
//	merge*.go spill.go         which segments are merged, in what memory, and expiry
//	plan.go select*.go cover.go groupset.go filter.go search*.go   a query, bound to the store, to a table
//	stream.go figures.go gather*.go combine.go sourcenumbers.go   rows -> credentials
//	ranker.go order.go tops.go windows.go resultcache.go   the first k of an order, and what follows
//	table_record.go names.go machine_facts.go arena.go   the texts of an answer's rows
//	courtesy.go lazily.go      who waits for whom
//	faults.go                  what is mapped and goes away
//	dataset*.go document.go card.go   the flat data sets (internal/flat)
//	machine.go datastats.go    across them
//	keyword*.go                hosts by their words
//	monitors.go monitor_admin.go table_origin.go   what is new
//	details.go cursor.go occurrences.go analytics.go report.go info.go   answers
//	options.go record.go normalize.go query.go result.go errors.go limits.go   what goes in, and what comes out
//	appendjson.go text.go identifiers.go watchlists.go ord*.go rootranks.go rowwindow.go numbers.go   small things of these
package leaks
