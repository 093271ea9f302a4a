package watchlist

import "strings"

// This file and monitor_store.go spell the keys of the room. One byte says the kind of
// record; ids have 16 bytes.
const (
	recWorkspace = 'w' // + workspace
	recGroup     = 'g' // + workspace + group
	recEntry     = 'e' // + workspace + kind's place, 1 byte + entry
	recValue     = 'v' // + workspace + kind's place, 1 byte + value: the entry that has it
	recKey       = 'k' // + workspace (zero for administrators) + key
	recKeyUsed   = 'u' // + workspace + key: when it was last used
)

func joinKey(kind byte, ids ...id) []byte {
	b := make([]byte, 1, 1+16*len(ids))
	b[0] = kind
	for _, i := range ids {
		b = append(b, i[:]...)
	}
	return b
}

func workspaceKey(ws id) []byte      { return joinKey(recWorkspace, ws) }
func groupKey(ws, g id) []byte       { return joinKey(recGroup, ws, g) }
func groupPrefix(ws id) []byte       { return joinKey(recGroup, ws) }
func keyKey(ws, k id) []byte         { return joinKey(recKey, ws, k) }
func keyUsedKey(ws, k id) []byte     { return joinKey(recKeyUsed, ws, k) }
func kindPrefix(ws id, k int) []byte { return append(joinKey(recEntry, ws), byte(k)) }
func entryKey(ws id, k int, e id) []byte {
	return append(kindPrefix(ws, k), e[:]...)
}

// valueKey is where the entry of a value is noted. Free names differ by more
// than their case.
func valueKey(ws id, k int, value string) []byte {
	switch kinds[k] {
	case Asset, Ransom:
		value = strings.ToLower(value)
	}
	return append(append(joinKey(recValue, ws), byte(k)), value...)
}

// lastID is the id that a key ends with.
func lastID(key []byte) (i id) {
	if len(key) >= len(i) {
		copy(i[:], key[len(key)-len(i):])
	}
	return i
}
