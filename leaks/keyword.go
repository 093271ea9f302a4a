package leaks

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/leakscope/leakscope/index"
	"github.com/leakscope/leakscope/watchlist"
)

// A word is a keyword as it is looked for.
type word struct {
	keyword string // as the scope has it
	tokens  []byte // see appendTokens
	needle  string // the longest token: every host that matches holds it
}

// NormalizeKeyword returns a keyword as scopes compare it: in lower case, with
// white space as single blanks. One that has no letter or digit, or not 3 to
// 100 characters, is ErrInvalid, parameter "keyword".
func NormalizeKeyword(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", paramErrorf("keyword", "must be valid UTF-8")
	}
	s = strings.ToLower(strings.Join(strings.Fields(s), " "))
	if n := utf8.RuneCountInString(s); n < minKeyword || n > maxKeyword {
		return "", paramErrorf("keyword", "must have %d to %d characters", minKeyword, maxKeyword)
	}
	if len(newWord(s).needle) == 0 {
		return "", paramErrorf("keyword", "must contain a letter or digit")
	}
	return s, nil
}

// newWord returns the word of a keyword; one without tokens has no needle, and
// matches nothing.
func newWord(keyword string) word {
	w := word{keyword: keyword, tokens: appendTokens(nil, []byte(keyword))}
	for token := range bytes.SplitSeq(w.tokens, tokenMark) {
		if len(token) > len(w.needle) {
			w.needle = string(token)
		}
	}
	return w
}

// match reports whether the tokens of a host, as appendTokens gives them, have
// those of the word in a row.
func (w *word) match(host []byte) bool { return w.needle != "" && bytes.Contains(host, w.tokens) }

// tokenMark is what stands around tokens. No token has it.
var tokenMark = []byte{0}

// appendTokens appends the tokens of s, the longest runs of letters and digits
// of Unicode, folded as [index.Fold] does, with a mark before, between and
// behind them. So one sequence of tokens is in another exactly if its bytes are.
func appendTokens(dst, s []byte) []byte {
	start := len(dst)
	dst = append(dst, 0)
	for _, b := range s {
		switch k := tokenByte[b]; {
		case b >= utf8.RuneSelf:
			return appendUnicodeTokens(dst[:start], s)
		case k != 0:
			dst = append(dst, k)
		case dst[len(dst)-1] != 0:
			dst = append(dst, 0)
		}
	}
	if dst[len(dst)-1] != 0 {
		dst = append(dst, 0)
	}
	return dst
}

func appendUnicodeTokens(dst, s []byte) []byte {
	dst = append(dst, 0)
	for _, r := range index.Fold(string(s)) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			dst = utf8.AppendRune(dst, r)
		case dst[len(dst)-1] != 0:
			dst = append(dst, 0)
		}
	}
	if dst[len(dst)-1] != 0 {
		dst = append(dst, 0)
	}
	return dst
}

// tokenByte holds, for each letter and digit of ASCII, its lower case.
var tokenByte = func() (t [256]byte) {
	for b := range byte(utf8.RuneSelf) {
		if r := rune(b); unicode.IsLetter(r) || unicode.IsDigit(r) {
			t[b] = lowerASCII(b)
		}
	}
	return t
}()

// compileKeywords validates what a query by keyword is made of. Without
// keywords it is over all of the scope's.
func compileKeywords(ctx context.Context, scope watchlist.Scope, keywords []string, f *Filters, search string) (*plan, error) {
	if keywords != nil {
		if len(keywords) > maxIdentifiers {
			return nil, paramErrorf("keyword", "must have at most %d values", maxIdentifiers)
		}
		names := make([]string, len(keywords))
		for i, k := range keywords {
			name, err := NormalizeKeyword(k)
			if err != nil {
				return nil, err
			}
			if names[i] = name; !scope.CoversKeyword(name) {
				return nil, fmt.Errorf("keyword: %w", ErrOutside)
			}
		}
		keywords = names
	} else {
		keywords = scope.Keywords()
	}
	p, err := compile(ctx, scope, RootDomain, f, search)
	if err != nil {
		return nil, err
	}
	p.byKeyword = true
	for k := range until(ctx, keywords) {
		if w := newWord(k); w.needle != "" {
			p.words = append(p.words, w)
		}
	}
	// The longest says most about a host: of several, it is the one shown.
	slices.SortFunc(p.words, func(a, b word) int {
		return cmp.Or(len(b.tokens)-len(a.tokens), strings.Compare(a.keyword, b.keyword))
	})
	p.words = slices.CompactFunc(p.words, func(a, b word) bool { return a.keyword == b.keyword })
	return p, ctx.Err()
}

// keywordOf returns the first keyword of a plan that matches a host.
func (p *plan) keywordOf(host []byte) (string, bool) {
	tokens := appendTokens(nil, host)
	for i := range p.words {
		if p.words[i].match(tokens) {
			return p.words[i].keyword, true
		}
	}
	return "", false
}

// own reports whether a domain is left out of queries by keyword: it is covered
// by one of the caller's domains. Who may see everything has none.
func (p *plan) own(domain string) bool { return !p.all && p.scope.CoversDomain(domain) }
