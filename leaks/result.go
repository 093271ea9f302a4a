package leaks

import "github.com/leakscope/leakscope/watchlist"

// A Time is an instant to the second, in UTC; its JSON is the contract's
// 2006-01-02T15:04:05, or an empty string when there is none.
type Time = watchlist.Time

// A Credential is one row of a details answer: all selected occurrences of one
// hash. The representative fields (host to stealer_name) come from the
// occurrence detected last.
type Credential struct {
	Username     string   `json:"username"`
	Password     string   `json:"password"` // the mask
	Types        []string `json:"types"`
	Type         string   `json:"type"`
	FirstSeen    Time     `json:"first_seen"`
	LastSeen     Time     `json:"last_seen"`
	SourceCount  int      `json:"source_count"`
	Host         string   `json:"host"`
	Domain       string   `json:"domain"`
	LocalPart    string   `json:"local_part"`
	Protocol     string   `json:"protocol"`
	EmailDomain  string   `json:"email_domain"`
	RootDomain   string   `json:"root_domain"`
	UploadDate   Time     `json:"upload_date"`
	LogDate      Time     `json:"log_date"`
	MachineID    string   `json:"machine_id"`
	ComputerName string   `json:"computer_name"`
	HardwareID   string   `json:"hardware_id"`
	MachineUser  string   `json:"machine_user"`
	IPAddress    string   `json:"ip_address"`
	Country      string   `json:"country"`
	Software     string   `json:"software"`
	StealerName  string   `json:"stealer_name"`
	Hash         string   `json:"hash"`
}

// A DetailsPage is the answer to a [DetailsQuery].
type DetailsPage struct {
	Data       []Credential `json:"data"`
	Total      int          `json:"total"` // exact
	Page       int          `json:"page"`
	PageSize   int          `json:"page_size"`
	TotalPages int          `json:"total_pages"`
	// NextCursor continues after the last row; empty at the end.
	NextCursor string `json:"-"`
}

// An Occurrence is one raw sighting of a credential.
type Occurrence struct {
	Type          string `json:"type"`
	Username      string `json:"username"`
	Password      string `json:"password"` // the mask
	Host          string `json:"host"`
	Domain        string `json:"domain"`
	UploadStealed Time   `json:"upload_stealed"`
	UploadDate    Time   `json:"upload_date"`
	LogDate       Time   `json:"log_date"`
	Source        string `json:"source"`
	StealerName   string `json:"stealer_name"`
	Country       string `json:"country"`
	IPAddress     string `json:"ip_address"`
	ComputerName  string `json:"computer_name"`
	MachineUser   string `json:"machine_user"`
	MachineID     string `json:"machine_id"`
	HardwareID    string `json:"hardware_id"`
	Software      string `json:"software"`
}

// Occurrences is the answer to a by-hash query.
type Occurrences struct {
	Data []Occurrence `json:"data"`
}
