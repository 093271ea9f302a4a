package formats_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leakscope/leakscope/leaks"
	"github.com/leakscope/leakscope/leaks/formats"
	"github.com/leakscope/leakscope/leaks/formats/archives"
	"github.com/leakscope/leakscope/leaks/formats/internal/makearchive"
)

// A genRecord is one credential of a made-up log.
type genRecord struct{ host, user, pass, soft string }

// A genMachine is a made-up victim.
type genMachine struct {
	n                               int
	country, ip, pc, user, hwid, id string
	date                            time.Time
}

// A genFamily writes logs as one family does.
type genFamily struct {
	name   string
	folder func(genMachine) string
	record func(genRecord) string
	banner string
	creds  string // file of the credentials
	also   string // file that holds them again
	system func(genMachine) (file, text string)
	// What the family's files do not say.
	soft, hasIP, hasHWID, hasID, hasCountry, hasDate bool
}

func plainFolder(m genMachine) string { return fmt.Sprintf("victim_%d", m.n) }

func redlineFolder(m genMachine) string {
	return fmt.Sprintf("%s[%s] [%s]", m.country, m.hwid, m.date.Format("2006-01-02T15_04_05"))
}

func lines(parts ...string) string { return strings.Join(parts, "\n") + "\n" }

var genFamilies = []genFamily{
	{
		name: "redline", folder: redlineFolder, creds: "Passwords.txt", soft: true, hasIP: true, hasHWID: true, hasCountry: true, hasDate: true,
		banner: "*****************\n*  example  *\n*****************\n\n",
		record: func(r genRecord) string {
			return lines("URL: "+r.host, "Username: "+r.user, "Password: "+r.pass, "Application: "+r.soft, "===============")
		},
		system: func(m genMachine) (string, string) {
			return "UserInformation.txt", lines("Build ID: x", "IP: "+m.ip, "FileLocation: C:\\a.exe", "UserName: "+m.user, "MachineName: "+m.pc,
				"Country: "+m.country, "HWID: "+m.hwid, "Operation System: Windows 10", "Log date: "+m.date.Format("02/01/2006 15:04:05"),
				"", "Hardwares: ", "Name: HWID, 4 Cores")
		},
	},
	{
		name: "meta", folder: plainFolder, creds: "Passwords.txt", soft: true, hasIP: true, hasHWID: true, hasCountry: true, hasDate: true,
		record: func(r genRecord) string {
			return lines("URL: "+r.host, "Username: "+r.user, "Password: "+r.pass, "Application: "+r.soft, "===============", "")
		},
		system: func(m genMachine) (string, string) {
			return "UserInformation.txt", lines("*************", "*  ( M | E | T | A )  *", "*************", "", "Build ID: x", "IP: "+m.ip,
				"UserName: "+m.user, "MachineName: "+m.pc, "Country: "+m.country, "HWID: "+m.hwid, "Operation System: Windows 10",
				"Log date: "+m.date.Format("2006-01-02 15:04:05"))
		},
	},
	{
		name: "raccoon_v1", folder: plainFolder, creds: "passwords.txt", hasIP: true, hasID: true, hasCountry: true, hasDate: true,
		record: func(r genRecord) string { return lines("URL: "+r.host, "USER: "+r.user, "PASS: "+r.pass, "") },
		system: func(m genMachine) (string, string) {
			return "System Info.txt", lines("Build compile date: Sat Jan 16 20:00:00 2021", "Launched at: "+m.date.Format("2006.01.02 - 15:04:05")+" GMT",
				"Bot_ID: "+m.id+"_"+m.user, "", "System Information: ", "  - ComputerName: "+m.pc, "  - IP: "+m.ip,
				"  - Location: 1.0, 2.0 | City, Region, "+genCountries[m.country]+" (1234)", "", "Installed Apps: ", "  IP: Camera (1)")
		},
	},
	{
		name: "raccoon_v2", folder: plainFolder, creds: "passwords.txt", hasIP: true, hasID: true, hasCountry: true, hasDate: true,
		record: func(r genRecord) string { return lines("URL: "+r.host, "USER: "+r.user, "PASS: "+r.pass, "") },
		system: func(m genMachine) (string, string) {
			return "System Info.txt", lines("User ID: "+m.id+"|"+m.user, "Last seen: "+m.date.Format("Mon Jan 02 2006 15:04:05")+" GMT+0000 (UTC)",
				"Build: 0011...eeff", "IP info: "+m.country+" "+m.ip, "System Information: ", "\t- Time zone: \t- OS: Windows 10",
				"\t- Computer Name: "+m.pc, "Installed applications:", "\tExample 1.0")
		},
	},
	{
		name: "vidar", folder: plainFolder, creds: "passwords.txt", soft: true, hasIP: true, hasHWID: true, hasID: true, hasCountry: true, hasDate: true,
		record: func(r genRecord) string {
			return lines("Soft: "+r.soft, "Host: "+r.host, "Login: "+r.user, "Password: "+r.pass, "", "")
		},
		system: func(m genMachine) (string, string) {
			return "information.txt", lines("Version: 1.0", "", "Date: "+m.date.Format("02/01/2006 15:04:05"), "MachineID: "+m.id, "GUID: {"+m.id+"}",
				"HWID: "+m.hwid, "", "Path: C:\\a.exe", "Work Dir: In memory", "", "IP: "+m.ip, "Country: "+genCountries[m.country],
				"Computer Name: "+m.pc, "User Name: "+m.user, "", "[Hardware]", "CPU: x", "[Processes]", "Ip: a.exe", "[Software]", "Country: x")
		},
	},
	{
		name: "stealc", folder: plainFolder, creds: "All Passwords.txt", hasIP: true, hasHWID: true, hasCountry: true, hasDate: true,
		record: func(r genRecord) string {
			return lines("browser: Chrome", "profile: Default", "url: "+r.host, "login: "+r.user, "password: "+r.pass, "", "----------")
		},
		system: func(m genMachine) (string, string) {
			return "system_info.txt", lines("##  ##", "Network Info:", "\t- IP: "+m.ip, "\t- Country: "+m.country, "", "System Summary:", "\t- HWID: "+m.hwid,
				"\t- UserName: "+m.user, "\t- Computer Name: "+m.pc, "\t- Local Time: "+m.date.Format("2006/1/2 15:4:5"), "", "User Agents:",
				"\tx", "", "Installed Apps:", "All Users:", "\tIP: Camera")
		},
	},
	{
		name: "lumma", folder: plainFolder, creds: "All Passwords.txt", also: "Chrome/Default/Passwords.txt", soft: true,
		hasIP: true, hasHWID: true, hasCountry: true, hasDate: true,
		record: func(r genRecord) string {
			return lines("SOFT: "+r.soft, "URL: "+r.host, "USER: "+r.user, "PASS: "+r.pass)
		},
		system: func(m genMachine) (string, string) {
			return "System.txt", lines("- LummaC2 Build: x", "- LID: x", "", "- OS Version: Windows 10", "- Local Date: "+m.date.Format("02.01.2006 15:04:05"),
				"- Install Date: 01.01.2020 00:00:00", "- Computer: "+m.pc, "- User: "+m.user, "- Domain: ", "- HWID: "+m.hwid,
				"- IP Address: "+m.ip, "- Country: "+m.country)
		},
	},
	{
		name: "risepro", folder: plainFolder, creds: "password.txt", hasIP: true, hasHWID: true, hasID: true, hasCountry: true, hasDate: true,
		record: func(r genRecord) string { return lines("URL: "+r.host, "Username: "+r.user, "Password: "+r.pass, "") },
		system: func(m genMachine) (string, string) {
			return "information.txt", lines("Build: x", "Version: 1.0", "", "Date: "+m.date.Format("Mon Jan 02 15:04:05 2006"), "MachineID: "+m.id,
				"HWID: "+m.hwid, "", "IP: "+m.ip, "Location: "+m.country+", City", "Computer Name: "+m.pc+" [WORKGROUP]", "User Name: "+m.user,
				"", "[Hardware]", "VideoCard #0: x", "[Processes]", "x [4]")
		},
	},
	{
		name: "rhadamanthys", folder: plainFolder, creds: "Browser/Logins/Chrome_Default.txt", hasIP: true, hasID: true, hasCountry: true, hasDate: true,
		record: func(r genRecord) string { return lines("URL: "+r.host, "Username: "+r.user, "Password: "+r.pass, "") },
		system: func(m genMachine) (string, string) {
			return "systeminfo.txt", lines("Traffic Name: x", "IP: "+m.ip, "Country: "+m.country, "Date: "+m.date.Format("02 Jan 06 15:04")+" UTC",
				"MachineID: "+m.id, "Computer Name: "+m.pc, "User Name: "+m.user, "Wallpaper Hash: 00")
		},
	},
	{
		name: "aurora", folder: plainFolder, creds: "Passwords.txt", hasIP: true, hasHWID: true, hasCountry: true, hasDate: true,
		record: func(r genRecord) string {
			return lines("URL: "+r.host, "Username: "+r.user, "Password: "+r.pass, "====")
		},
		system: func(m genMachine) (string, string) {
			return "UserInformation.txt", lines("<=== BUILD INFORMATION ===>", "Build ID: x", "FileLocation: C:\\a.exe\u3164\u3164", "<=== GEO INFORMATION ===>",
				"IP: "+m.ip, "Country: "+m.country, "<=== USER INFORMATION ===>", "UserName: "+m.user+"\u3164", "HWID: "+m.hwid,
				"Log date: "+m.date.Format("02 Jan 06 15:04:05"), "<=== PC INFORMATION ===>", "MachineName: "+m.pc)
		},
	},
	{
		name: "cryptbot", folder: plainFolder, creds: "_AllPasswords_list.txt", soft: true, hasIP: true, hasDate: true,
		record: func(r genRecord) string {
			return lines("Browser: "+r.soft, "Url: "+r.host, "Login: "+r.user, "Pass: "+r.pass, "")
		},
		system: func(m genMachine) (string, string) {
			return "_Information.txt", lines("UserName (ComputerName): "+m.user+" ("+m.pc+")", "Local Date and Time: "+m.date.Format("2006-01-02 15:04:05"),
				"IP: "+m.ip, "OS: Windows 10")
		},
	},
	{
		name: "atomic", folder: plainFolder, creds: "Passwords.txt", hasIP: true, hasHWID: true, hasCountry: true,
		record: func(r genRecord) string { return lines("URL: "+r.host, "LOGIN: "+r.user, "PASSWORD: "+r.pass) },
		system: func(m genMachine) (string, string) {
			return "UserInformation.txt", lines("IP: "+m.ip+"/24  ", "Country: "+m.country+" ", "ProductName: macOS  ", "ProductVersion: 14.1",
				"BuildVersion: 23B0", "Hardware UUID: "+m.hwid, "Computer Name: "+m.pc, "Username: "+m.user)
		},
	},
	{
		name: "", folder: plainFolder, creds: "Passwords.txt", soft: true, hasIP: true, hasHWID: true, hasCountry: true, hasDate: true,
		record: func(r genRecord) string {
			return lines("Login: "+r.user, "Password: "+r.pass, "Website: "+r.host, "Program: "+r.soft, "~~~~~~")
		},
		system: func(m genMachine) (string, string) {
			return "PC info.txt", lines("Address IP: none", "IP: "+m.ip, "PC Name: "+m.pc, "Current User: "+m.user, "Country Code: "+m.country, "Hardware ID: "+m.hwid,
				"Report date: "+m.date.Format(time.RFC3339))
		},
	},
}

var genCountries = map[string]string{"DE": "Germany", "GB": "United Kingdom", "PL": "Poland", "BR": "Brazil", "KR": "South Korea", "US": "United States", "CI": "Cote d'Ivoire"}

// genVictim makes one machine and the credentials of its log. Logins and
// passwords hold what misleads: keys, rules, blanks, other scripts.
func genVictim(rng *rand.Rand, n int) (genMachine, []genRecord) {
	codes := []string{"DE", "GB", "PL", "BR", "KR", "US", "CI"}
	m := genMachine{
		n: n, country: codes[rng.IntN(len(codes))], ip: fmt.Sprintf("198.51.100.%d", n%256), pc: fmt.Sprintf("PC-%04d", n), user: fmt.Sprintf("üser %d", n),
		hwid: fmt.Sprintf("%032X", n+1), id: fmt.Sprintf("00000000-1111-2222-3333-%012d", n),
		// A day above twelve is no month; seconds are not in every family.
		date: time.Date(2020+rng.IntN(5), time.Month(1+rng.IntN(12)), 13+rng.IntN(15), rng.IntN(24), rng.IntN(60), 0, 0, time.UTC),
	}
	tricks := []string{"", " ", "URL: ", "Password: x", "===============", "user:pass", "a|b;c", "пароль", "é", "\"q\"", "{}", "----", "http://x.example.com", "#", "[x]"}
	var records []genRecord
	for i := range rng.IntN(12) {
		t := func() string { return tricks[rng.IntN(len(tricks))] }
		records = append(records, genRecord{
			host: fmt.Sprintf("https://site%d.example.com:8443/login?u=%d&t=URL:", rng.IntN(50), i),
			user: fmt.Sprintf("u%d%su%d@example.org", i, strings.TrimSpace(t()), n),
			pass: t() + fmt.Sprintf("p%d-%d", n, i) + t(),
			soft: []string{"Google_[Chrome]_Default", "Microsoft_[Edge]_Profile 1", "Mozilla Firefox [x.default-release]"}[rng.IntN(3)],
		})
	}
	return m, records
}

// genLog writes a victim's log and says which records are in it.
func genLog(f genFamily, m genMachine, records []genRecord, crlf bool) (files []memFile, want []string) {
	dir := f.folder(m) + "/"
	creds := f.banner
	line := strings.Count(creds, "\n") + 1
	for _, r := range records {
		text := f.record(r)
		rec := leaks.Record{Type: leaks.Stealer, Host: r.host, Username: r.user, Password: r.pass, StealerName: f.name,
			ComputerName: m.pc, MachineUser: m.user, Place: leaks.Place{File: dir + f.creds, Line: int64(line)}}
		if f.soft {
			rec.Software = r.soft
		} else if f.name == "stealc" {
			rec.Software = "Chrome [Default]"
		}
		if f.hasIP {
			rec.IPAddress = m.ip
		}
		if f.hasHWID {
			rec.HardwareID = m.hwid
		}
		if f.hasID {
			rec.MachineID = m.id
		}
		if f.hasCountry {
			rec.Country = m.country
		}
		if f.hasDate {
			rec.LogDate = m.date
		}
		want = append(want, genText(rec))
		creds += text
		line += strings.Count(text, "\n")
	}
	sysFile, sys := f.system(m)
	if len(records) == 0 {
		want = append(want, "machine "+m.pc)
	}
	if crlf {
		creds = strings.ReplaceAll(creds, "\n", "\r\n")
	}
	files = append(files, memFile{Path: dir + f.creds, Text: creds}, memFile{Path: dir + sysFile, Text: sys},
		memFile{Path: dir + "FileGrabber/Desktop/passwords.txt", Text: "URL: https://diary.example.com\nUsername: x\nPassword: y\n"},
		memFile{Path: dir + "Cookies/Chrome_Default.txt", Text: ".example.com\tTRUE\t/\tFALSE\t1\ta\tb\n"},
		memFile{Path: dir + "InstalledSoftware.txt", Text: "1) URL: x\n2) Password: y\n"})
	if f.also != "" {
		files = append(files, memFile{Path: dir + f.also, Text: creds})
	}
	return files, want
}

// genText writes all of a record in one line.
func genText(r leaks.Record) string {
	date := ""
	if !r.LogDate.IsZero() {
		date = r.LogDate.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%q", []string{r.Type.String(), r.Host, r.Username, r.Password, r.Software, r.StealerName, r.Country, r.IPAddress,
		r.ComputerName, r.MachineUser, r.MachineID, r.HardwareID, date, r.Place.File, fmt.Sprint(r.Place.Line)})
}

// TestGeneratedLogs parses whole logs of each family, and of all families
// mixed, with 1 to 500 victims, out of memory, folders, zip, tar.gz, 7z (in blocks
// of seven files, and in one), and rar (stored, as nobody else packs it), and
// expects every record exactly.
func TestGeneratedLogs(t *testing.T) {
	for i, f := range append(slices.Clone(genFamilies), genFamily{name: "mixed"}) {
		for _, victims := range []int{1, 9, 60, 500} {
			if victims == 500 && f.name != "mixed" && testing.Short() {
				continue
			}
			name := f.name
			if name == "" {
				name = "unknown"
			}
			t.Run(fmt.Sprintf("%s/%d", name, victims), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(i), uint64(victims)))
				var logs [][]memFile
				var want []string
				for n := range victims {
					family := f
					if f.name == "mixed" {
						family = genFamilies[n%len(genFamilies)]
					}
					m, records := genVictim(rng, n)
					files, texts := genLog(family, m, records, rng.IntN(2) == 0)
					logs = append(logs, files)
					want = append(want, texts...)
				}
				inOrder := slices.Concat(logs...)
				sorted := slices.Clone(inOrder)
				slices.SortFunc(sorted, func(a, b memFile) int { return strings.Compare(a.Path, b.Path) })
				shuffled := slices.Clone(inOrder)
				rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				checkLogs(t, "in order", entriesOf(inOrder), want, victims)
				checkLogs(t, "sorted", entriesOf(sorted), want, victims)
				if f.also == "" && f.name != "mixed" {
					// Which of two equal files counts is a matter of order.
					checkLogs(t, "shuffled", entriesOf(shuffled), want, victims)
				}
				if victims <= 60 || f.name == "mixed" {
					dir := t.TempDir()
					for _, c := range []struct{ name, path string }{
						{"zip", writeZip(t, dir, inOrder)}, {"tar.gz", writeTar(t, dir, inOrder)}, {"folder", writeFolder(t, dir, inOrder)},
						{"7z", writeMade(t, dir, "logs.7z", makearchive.SevenZip(madeFiles(inOrder), makearchive.SevenZipOptions{PerFolder: 7}))},
						{"7z, one block", writeMade(t, dir, "solid.7z", makearchive.SevenZip(madeFiles(inOrder), makearchive.SevenZipOptions{}))},
						{"rar", writeMade(t, dir, "logs.rar", makearchive.Rar(madeFiles(inOrder), makearchive.RarOptions{}))},
					} {
						checkLogs(t, c.name, archives.Walk(context.Background(), c.path, archives.Options{}), want, victims)
					}
				}
			})
		}
	}
}

func checkLogs(t *testing.T, how string, entries iter.Seq2[formats.Entry, error], want []string, victims int) {
	t.Helper()
	var got []string
	cookies := int64(0)
	for it, err := range formats.Parse(context.Background(), entries, formats.ParseOptions{}) {
		var reject *leaks.Reject
		switch {
		case errors.As(err, &reject):
			// Banners are counted, too.
			if reject.Reason != leaks.RejectNotARecord || reject.Place.Line > 4 {
				t.Errorf("%s: %v %v", how, reject, reject.Place)
			}
		case err != nil:
			t.Fatalf("%s: %v", how, err)
		case it.Record != nil:
			got = append(got, genText(*it.Record))
		case it.Machine != nil:
			got = append(got, "machine "+it.Machine.ComputerName)
		default:
			cookies += it.Cookies
		}
	}
	want = slices.Clone(want)
	slices.Sort(got)
	slices.Sort(want)
	if cookies != int64(victims) {
		t.Errorf("%s: %d cookies of %d victims", how, cookies, victims)
	}
	if slices.Equal(got, want) {
		return
	}
	t.Errorf("%s: %d items, want %d", how, len(got), len(want))
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("%s: got  %s\nwant %s", how, got[i], want[i])
		}
	}
}
