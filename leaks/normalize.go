package leaks

import "github.com/leakscope/leakscope/internal/normalize"

// A Normalized is what a store would keep of a record, and the length of its
// password, which a store counts too. The password itself is not in it.
type Normalized struct {
	Type           string `json:"type"`
	Username       string `json:"username"`
	Password       string `json:"password"` // the mask
	PasswordLength int    `json:"password_length"`
	Host           string `json:"host"`
	Domain         string `json:"domain"`
	RootDomain     string `json:"root_domain"`
	Protocol       string `json:"protocol"`
	LocalPart      string `json:"local_part"`
	EmailDomain    string `json:"email_domain"`
	UploadStealed  Time   `json:"upload_stealed"`
	UploadDate     Time   `json:"upload_date"`
	LogDate        Time   `json:"log_date"`
	Source         string `json:"source"`
	StealerName    string `json:"stealer_name"`
	Country        string `json:"country"`
	IPAddress      string `json:"ip_address"`
	ComputerName   string `json:"computer_name"`
	MachineUser    string `json:"machine_user"`
	MachineID      string `json:"machine_id"`
	HardwareID     string `json:"hardware_id"`
	Software       string `json:"software"`
}

// A Normalizer does to records what [Store.Ingest] does, without a store: it
// derives what they lack, masks their passwords, and refuses what Ingest would
// refuse. One goroutine may use it at a time.
type Normalizer struct{ p preparer }

// NewNormalizer returns a Normalizer.
func NewNormalizer() *Normalizer {
	// The hashes are not shown, so any key will do.
	return &Normalizer{preparer{norm: normalize.NewNormalizer(), hasher: normalize.NewHasher([32]byte{})}}
}

// Normalize returns rec normalised, or the reject that it is, with its place.
// The detection time stays empty where the record brings none.
func (n *Normalizer) Normalize(rec *Record) (Normalized, *Reject) {
	var r row
	if reason, detail := n.p.prepare(rec, &r); reason != "" {
		return Normalized{}, &Reject{Reason: reason, Place: rec.Place, Detail: detail}
	}
	return Normalized{
		Type:           r.typ.String(),
		Username:       r.username,
		Password:       r.mask,
		PasswordLength: int(r.pwLen),
		Host:           r.host,
		Domain:         r.domain,
		RootDomain:     r.root,
		Protocol:       r.protocol,
		LocalPart:      r.localPart,
		EmailDomain:    r.emailDomain,
		UploadStealed:  timeOf(r.seen),
		UploadDate:     timeOf(r.upload),
		LogDate:        timeOf(r.log),
		Source:         r.source,
		StealerName:    r.stealer,
		Country:        r.country,
		IPAddress:      r.ip,
		ComputerName:   r.computer,
		MachineUser:    r.muser,
		MachineID:      r.machineID,
		HardwareID:     r.hwid,
		Software:       r.software,
	}, nil
}
