package stats

import (
	"slices"
	"strings"
)

// adminNames are the administrative names, ascending: the role mailboxes of
// RFC 2142 that belong to operations, and the usual logins of administrators.
var adminNames = []string{
	"abuse",
	"adm",
	"admin",
	"administrador",
	"administrateur",
	"administrator",
	"dba",
	"devops",
	"domainadmin",
	"helpdesk",
	"hostmaster",
	"itadmin",
	"itsupport",
	"localadmin",
	"netadmin",
	"networkadmin",
	"noc",
	"operator",
	"postmaster",
	"root",
	"security",
	"servicedesk",
	"siteadmin",
	"superadmin",
	"superuser",
	"support",
	"sysadm",
	"sysadmin",
	"sysop",
	"system",
	"systemadmin",
	"webadmin",
	"webmaster",
}

// AdminNames returns the names that make an account an administrative one,
// ascending.
func AdminNames() []string { return slices.Clone(adminNames) }

// IsAdminName reports whether a local part or login is one of [AdminNames], in
// any case. What stands before the last backslash, a Windows domain, does not
// matter; nothing else is taken off: "admin2" is not an administrative name.
func IsAdminName(login string) bool {
	login = login[strings.LastIndexByte(login, '\\')+1:]
	const longest = 32 // no name is longer: most logins need no lower-casing
	if login == "" || len(login) > longest {
		return false
	}
	_, found := slices.BinarySearch(adminNames, strings.ToLower(login))
	return found
}
