package leaks

import "github.com/leakscope/leakscope/index"

// Signatures of strings ([index.Sign]) stand where a search of a scope comes by:
// in the order of groups, and by machine. Of most groups they say, without a look
// at a string, that the text is not in the username. Fresh tables have none.

const (
	userSignBits    = 32 // of a user's stored form
	mailSignBits    = 16 // of a mail domain, above these
	machineSignBits = 64 // of facts of a machine
)

// signs are what a table writer keeps of strings until all that refers to them is
// written.
type signs struct {
	of    [numDicts][]uint64 // by ordinal, but for
	users []uint32
}

// signedFacts are the facts of machines that are searched, by the column that has
// their signatures.
var signedFacts = [...]struct {
	section uint16
	column  columnID
	fields  []machineField
}{
	{sectionNameSign, colNameSign, []machineField{machineComputer, machineMUser}},
	{sectionAddressSign, colAddressSign, []machineField{machineIP}},
}

// add notes the next string of a dictionary.
func (s *signs) add(d dictID, str []byte) {
	switch d {
	case dictMail:
		s.of[d] = append(s.of[d], index.Sign(str, mailSignBits)<<userSignBits)
	case dictUser:
		s.users = append(s.users, uint32(index.Sign(str, userSignBits)))
	case dictIP, dictComputer, dictMUser:
		s.of[d] = append(s.of[d], index.Sign(str, machineSignBits))
	}
}

// ofUser returns the signature of a user of a mail domain.
func (s *signs) ofUser(user, mail uint32) uint64 { return uint64(s.users[user]) | s.of[dictMail][mail] }

// ofMachine returns the signature of some facts of a machine.
func (s *signs) ofMachine(fields []machineField, t *machineTuple) (sign uint64) {
	for _, f := range fields {
		sign |= s.of[f.dict()][t[f]]
	}
	return sign
}

// machinesDone forgets what only machines needed.
func (s *signs) machinesDone() {
	for _, some := range signedFacts {
		for _, f := range some.fields {
			s.of[f.dict()] = nil
		}
	}
}
