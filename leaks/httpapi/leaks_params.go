package httpapi

import (
	"math"

	"github.com/leakscope/leakscope/leaks"
)

// columnParam is identifier_column.
func columnParam(dst *leaks.Column, columns ...leaks.Column) *param {
	return oneOf("identifier_column", dst, "The column that is matched against the watchlists of the key's workspace", columns...).required()
}

// detailsParams are those of a details page but its paging.
func detailsParams(q *leaks.DetailsQuery, sort leaks.Sort) []*param {
	return append([]*param{
		columnParam(&q.Column, leaks.RootDomain, leaks.EmailDomain, leaks.Username),
		searchParam(&q.Search),
		sortParam(&q.SortBy, sort),
		sourcesParam(&q.MinOccurrences),
	}, filterParams(&q.Filters)...)
}

func sortParam(dst *leaks.Sort, def leaks.Sort) *param {
	return oneOf("sort_by", dst, "Order, descending; ties by the other one, descending, then by hash", leaks.BySourceCount, leaks.ByLastSeen).or(string(def))
}

func sourcesParam(dst *int) *param {
	return integer("min_occurrences", dst, 0, math.MaxInt, "Only credentials seen in at least so many sources")
}

func granularityParam(dst *string) *param {
	return oneOf("granularity", dst, "The steps of leaks_by_day", "day", "hour").or("day")
}

func hashParam(dst *string) *param {
	return text("hash", dst, 0, "Hash of the credential").like(hashForm).required()
}

func searchParam(dst *string) *param {
	return text("search", dst, 1<<10, "A substring, in any case, of username, host, domain, email_domain, root_domain, ip_address, computer_name or machine_user")
}

// pageParams are page and page_size.
func pageParams(page, size *int) []*param {
	return []*param{
		integer("page", page, 1, math.MaxInt, "Number of the page; one past the end is empty").or("1"),
		integer("page_size", size, 1, 200, "Rows a page").or("50"),
	}
}

// filterParams are the contract's standard filters.
func filterParams(f *leaks.Filters) []*param {
	return []*param{
		texts("username", &f.Username, "Username, exactly; of e-mail addresses whatever the case"),
		texts("type", &f.Type, "Stealer or Combo, whatever the case"),
		texts("hash", &f.Hash, "Hash of the credential").like(hashForm),
		texts("host", &f.Host, "Host or URL, as found"),
		texts("domain", &f.Domain, "Domain of the host"),
		texts("local_part", &f.LocalPart, "What stands before the @ of the e-mail address"),
		texts("protocol", &f.Protocol, "URL scheme"),
		texts("email_domain", &f.EmailDomain, "Domain of the e-mail address"),
		texts("root_domain", &f.RootDomain, "Registrable domain of the host"),
		texts("machine_id", &f.MachineID, "Id of the infected machine"),
		texts("computer_name", &f.ComputerName, "Name of the infected machine"),
		texts("hardware_id", &f.HardwareID, "Hardware id of the infected machine"),
		texts("machine_user", &f.MachineUser, "User of the infected machine"),
		texts("ip_address", &f.IPAddress, "IP address of the infected machine"),
		texts("country", &f.Country, "Country of the infected machine, ISO 3166 alpha-2, whatever the case"),
		texts("software", &f.Software, "Software that the password was taken from"),
		texts("stealer_name", &f.StealerName, "Name of the stealer, whatever the case"),
		days("upload_stealed", &f.UploadStealed, "Day of detection"),
		days("upload_date", &f.UploadDate, "Day of appearance on the source platform"),
		days("log_date", &f.LogDate, "Day of the infection"),
		day("start_date", &f.StartDate, "First day of detection, included"),
		day("end_date", &f.EndDate, "Last day of detection, included"),
	}
}
