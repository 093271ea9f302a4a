// Package corpus makes the synthetic occurrences that leakscope and its peers
// are measured on.
//
// Occurrence i of a corpus is a pure function of (seed, n, i): everything about
// it is derived from hashes of indexes, so a corpus of any size takes no memory
// and any part of it can be made alone, again and in parallel.
//
// What a corpus of n occurrences looks like:
//
//   - 35 % of the occurrences repeat the credential of an earlier one, from
//     another source and at another date; which one is drawn from all earlier
//     occurrences alike, so a few credentials are repeated very often.
//   - n/25 root domains, Zipf, the largest with 4 % of the occurrences (see
//     [Corpus.RootDomain]), each with a few subdomains and login pages.
//   - 65 % Stealer occurrences with all machine facts, 35 % Combo without. A
//     machine has about 60 occurrences; its facts, the time it was compromised
//     included, are the same in all of them. The log of one machine does not
//     stand together in a corpus: occurrences come in no order at all, neither
//     by machine nor by domain nor by time, which is the hardest case.
//   - Persons of one or several e-mail addresses behind the credentials: about
//     85 % of the logins are e-mail addresses, the largest provider has about
//     20 % of all occurrences, companies of all sizes share what the providers
//     leave. Persons reuse passwords.
//   - 2,000 sources, 40 stealers, 200 countries, 60 names of software, all Zipf.
//   - Detection times in the 24 months from [Start] to [End], to the second.
//
// Nothing in it is real: names are put together from lists, domains end in the
// reserved .example and .test, addresses are from the shared space
// 100.64.0.0/10 and from 2001:db8::/32, passwords are invented on the spot.
package corpus
