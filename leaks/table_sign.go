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
	of [numDicts][]uint64 // by ordinal; of users with their mail domains'
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

// add notes the next string of a dictionary; parent is that of a user.
func (s *signs) add(d dictID, parent uint32, str []byte) {
	switch d {
	case dictMail:
		s.of[d] = append(s.of[d], index.Sign(str, mailSignBits)<<userSignBits)
	case dictUser:
		s.of[d] = append(s.of[d], index.Sign(str, userSignBits)|s.of[dictMail][parent])
	case dictIP, dictComputer, dictMUser:
		s.of[d] = append(s.of[d], index.Sign(str, machineSignBits))
	}
}

// ofMachine returns the signature of some facts of a machine.
func (s *signs) ofMachine(fields []machineField, t *machineTuple) (sign uint64) {
	for _, f := range fields {
		sign |= s.of[f.dict()][t[f]]
	}
	return sign
}

// machinesDone forgets what only machines needed.
func (s *signs) machinesDone() {
	s.of[dictMail] = nil
	for _, some := range signedFacts {
		for _, f := range some.fields {
			s.of[f.dict()] = nil
		}
	}
}
