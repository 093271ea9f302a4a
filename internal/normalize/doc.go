// Package normalize turns what a leak says into what the store compares: hosts
// into domains and registrable domains, login names into e-mail halves,
// passwords into masks, digests and keyed hashes.
//
// Everything here is a pure function of its input (and, for hashes, of the
// store's key); [Normalizer] only remembers answers it has given. No error
// holds any part of the value it is about, because a malformed host or login
// may well contain a password.
//
// The rules, where RFCs and the public suffix list leave a choice:
//
//   - A domain is lower case, without port and trailing dot. Text outside ASCII
//     becomes A-labels by UTS 46, non-transitional; A-labels found in the input
//     are kept as they are, only lower-cased. Letters, digits, '-' and '_' may
//     stand anywhere in a label of 1 to 63 bytes, since real hosts do that; a
//     name has at most 253 bytes. A name whose last label is all digits is
//     either an IPv4 address in four plain decimal parts or malformed.
//   - An IP literal is its own domain and root, in the canonical form of
//     net/netip, IPv6 without brackets and without zone (a zone means something
//     on one machine only). It is not the domain of an e-mail address.
//   - The root of a domain is its public suffix and one label, by the ICANN and
//     private sections of the list; an unlisted last label counts as a suffix
//     (the list's rule "*"), so the root of a.b.test is b.test. A name that is
//     itself a suffix, or has one label, is its own root.
//   - android://USERINFO@com.example.app/ has the domain app.example.com: the
//     package name read backwards, which by Java's custom is a domain.
package normalize
