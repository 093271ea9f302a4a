package formats

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// A Kind says what a file was taken for.
type Kind string

// The kinds of files.
const (
	KindCredentials Kind = "credentials" // labelled records, or lines in a victim's log
	KindSystem      Kind = "system"      // facts of a victim's machine
	KindCards       Kind = "cards"
	KindCookies     Kind = "cookies"
	KindLines       Kind = "lines" // one record a line
	KindCSV         Kind = "csv"
	KindJSON        Kind = "json"    // one document, not one object a line
	KindIgnored     Kind = "ignored" // holds nothing we look for
	KindGrabbed     Kind = "grabbed" // a victim's own document: never opened
	KindBinary      Kind = "binary"  // no text

	// kindDoubtful is a file at the top of an input that is called as ignored
	// files are: somebody's steam.txt may be a list of credentials.
	kindDoubtful Kind = "doubtful"
)

// Grabbed reports whether a file lies where stealers put the documents they
// take from a victim's disk. Those are never opened, archives among them not
// either: what is called passwords.txt there is a diary.
func Grabbed(name string) bool {
	dir := path.Dir(strings.ReplaceAll(name, `\`, "/"))
	for part := range strings.SplitSeq(dir, "/") {
		var room [64]byte
		switch string(foldKey(part, room[:0])) {
		case "filegrabber", "files", "importantfiles", "grabber", "grabbedfiles", "filesgrabber", "filegrab", "grabfiles", "stolenfiles", "grabbed":
			return true
		}
	}
	return false
}

// nameTable has the base names, folded and without extension, that say what a
// file is.
var nameTable = tableOf(map[Kind]string{
	KindCredentials: "password passwords allpasswords allpasswordslist passwordlist passwordslist passwordsall pws pass passes passw logins " +
		"loginslist credentials creds accounts browserpasswords passwordsbrowsers",
	KindSystem: "userinformation userinfo information systeminfo system systeminformation sysinfo pcinfo pcinformation systeminfos info " +
		"machineinfo computerinfo hardwareinfo",
	KindCards:   "cc cards creditcards creditcard card allcclist cclist ccs bankcards paymentcards allcreditcards",
	KindCookies: "cookies cookie allcookies",
	KindIgnored: "installedsoftware installedbrowsers installedprograms installedapps software softwares process processes processlist " +
		"processinfo runningprocesses tasklist domaindetects domaindetect domains importantautofills autofill autofills brute brutes history " +
		"browserhistory downloads download clipboard screenshot tokens discordtokens discord telegram steam steamtokens wallets wallet " +
		"cookielist readme copyright googletokens googleaccounts restore bookmarks extensions applications apps filelist debug " +
		"passwordsonly keychain usernames autofilllist historylist",
})

// dirTable has the folders inside a log, folded. Those without a kind are only
// known not to be a victim's own.
var dirTable = tableOf(map[Kind]string{
	KindCredentials: "passwords logins logindata password",
	KindCards:       "creditcards cc credits cards creditcard ccs",
	KindCookies:     "cookies cookie",
	KindIgnored: "autofills autofill histories bookmarks wallets wallet screenshots screenshot extensions googletokens localstorage " +
		"browsinghistory browserhistory restoretokens " + topFolders,
	"": "browser browsers default system information info systeminfo pcinfo soft softwares applications apps ftp vpn email mail emails outlook " +
		"chrome googlechrome googlechromebeta edge microsoftedge msedge firefox mozillafirefox mozilla opera operagx operastable operagxstable " +
		"brave bravebrowser yandex yandexbrowser vivaldi chromium safari torch comodo comododragon slimjet iridium centbrowser " +
		"7star amigo kometa orbitum sputnik uran epicprivacybrowser coccoc iexplorer internetexplorer waterfox palemoon cyberfox " +
		"icedragon kmeleon thunderbird 360browser qqbrowser ucbrowser google",
})

// topFolders are folders inside logs whose names people give their own, too: at
// the top of an input they mean nothing.
const topFolders = "history downloads discord telegram steam tokens plugins games screens webcam keys clipboard"

func tableOf(lists map[Kind]string) map[string]Kind {
	table := make(map[string]Kind)
	for kind, list := range lists {
		for name := range strings.FieldsSeq(list) {
			table[name] = kind
		}
	}
	return table
}

// textExtensions are those of files worth a look. Others are left alone unread.
var textExtensions = map[string]bool{"": true, ".txt": true, ".csv": true, ".tsv": true, ".json": true, ".jsonl": true, ".ndjson": true,
	".log": true, ".lst": true, ".list": true, ".text": true, ".combo": true, ".ulp": true, ".dump": true, ".out": true, ".dat": true, ".md": true}

// otherExtensions are those of files that are no text. What has neither kind of
// extension ("dump.part1", "leak.2024-08") is judged by its content.
var otherExtensions = tableOf(map[Kind]string{KindBinary: "jpg jpeg png bmp gif webp ico svg pdf doc docx xls xlsx ppt pptx rtf odt exe dll sys msi " +
	"bat cmd ps1 vbs js lnk url html htm css xml mp3 mp4 avi mov mkv wav ogg sqlite sqlite3 db ldb wal shm journal kdbx wallet key pem ppk rdp " +
	"ovpn zip rar 7z gz tgz zst xz bz2 tar iso bin tmp map maps binarycookies plist localstorage session vcf eml ini cfg conf"})

// extension returns the extension of a base name in lower case, if it is one.
func extension(base string) string {
	ext := strings.ToLower(path.Ext(base))
	if len(ext) > 12 || strings.ContainsAny(ext, " ])") {
		return ""
	}
	return ext
}

// otherExtension reports whether an extension is one of files that are no text.
func otherExtension(ext string) bool {
	if ext == "" || textExtensions[ext] {
		return false
	}
	_, other := otherExtensions[ext[1:]]
	return other
}

// nameKind returns what a file's path says about it, "" when it says nothing.
func nameKind(name string) Kind {
	if Grabbed(name) {
		return KindGrabbed
	}
	dir, base := path.Split(name)
	ext := extension(base)
	if otherExtension(ext) {
		return KindIgnored
	}
	if ext != "" {
		// Not by the length of ext: lower case may be longer.
		base = strings.TrimSuffix(base, path.Ext(base))
	}
	var room [64]byte
	folded := string(foldKey(base, room[:0]))
	kind, ok := nameTable[folded]
	if !ok {
		// Passwords (1).txt, Passwords_2.txt
		kind, ok = nameTable[strings.TrimRight(folded, "0123456789")]
	}
	parts := strings.Split(strings.Trim(dir, "/"), "/")
	for i := len(parts) - 1; i >= 0 && i >= len(parts)-3; i-- {
		if (kind == KindCredentials || kind == KindSystem || kind == KindCards) && i < len(parts)-1 {
			break // the folders farther up may be somebody's own
		}
		part := string(foldKey(parts[i], room[:0]))
		switch in := dirTable[part]; in {
		case KindIgnored:
			if i > 0 || !slices.Contains(strings.Fields(topFolders), part) {
				return in
			}
		case KindCards, KindCookies:
			return in
		case KindCredentials:
			if kind != KindIgnored {
				return in
			}
		}
	}
	if ok {
		return kind
	}
	switch {
	case strings.HasPrefix(base, "Information [") || strings.HasPrefix(base, "information ["):
		return KindSystem // DCRat
	case strings.HasPrefix(folded, "cookies"):
		return KindCookies
	case strings.HasPrefix(folded, "autofill"), strings.HasPrefix(folded, "history"), strings.HasPrefix(folded, "cookielist"),
		strings.HasPrefix(folded, "bookmarks"), strings.HasPrefix(folded, "downloads"), strings.HasSuffix(folded, "tokens"):
		return KindIgnored
	case strings.HasPrefix(folded, "passwords"), strings.HasPrefix(folded, "logins"), strings.HasPrefix(folded, "allpasswords"):
		return KindCredentials
	case strings.HasPrefix(folded, "creditcards"), strings.HasPrefix(folded, "cc") && strings.HasPrefix(strings.ToLower(base), "cc_"):
		return KindCards
	}
	return ""
}

// isLogFolder reports whether a folder of this name lies inside a victim's log.
func isLogFolder(name string) bool {
	var room [64]byte
	folded := foldKey(name, room[:0])
	if _, ok := dirTable[string(folded)]; ok {
		return true
	}
	// Profile 1, Google_[Chrome]_Default, Firefox_abcd1234.default-release
	if bytes.HasPrefix(folded, []byte("profile")) && len(bytes.Trim(folded[7:], "0123456789")) == 0 {
		return true
	}
	if bytes.Contains(folded, []byte("default")) {
		return true
	}
	lower := strings.ToLower(name)
	return strings.Contains(lower, "[chrome]") || strings.Contains(lower, "[edge]") || strings.Contains(lower, "profile ")
}

// A content is what a file's beginning says about it.
type content struct {
	json     bool // a document of several lines, or an array
	jsonl    bool
	csv      *csvDialect
	labelled bool
	system   bool
}

// sniff looks at a sample.
func sniff(sample []byte) content {
	var c content
	trimmed := bytes.TrimLeft(sample, " \t\r\n")
	if len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') && opensJSON(firstLine(trimmed)) && !opensHeading(firstLine(trimmed)) {
		line := firstLine(trimmed)
		switch {
		case trimmed[0] == '{' && len(line) > 1 && line[len(line)-1] == '}' && !bytes.Contains(line, []byte(`"systems_data"`)) &&
			!bytes.Contains(line, []byte(`"credentials"`)):
			c.jsonl = true
		default:
			c.json = true
		}
		return c
	}
	if c.csv = sniffCSV(sample); c.csv != nil {
		return c
	}
	c.labelled, c.system = sniffLabels(sample)
	return c
}

// opensHeading reports whether a line is ["Browser" = "Profile"].
func opensHeading(line []byte) bool {
	_, ok := browserHeading(string(line[:min(len(line), 512)]))
	return ok
}

func firstLine(b []byte) []byte {
	line, _ := cutLine(b)
	return trimBlanks(line)
}

// sniffLabels reports whether the sample has a labelled credential, and whether
// it is a system file by its keys.
func sniffLabels(sample []byte) (labelled, system bool) {
	var labels labelMemory
	var facts [factSigned + 1]bool
	n := 0
	lastPlace, lastPass := -10, -10
	for i := 0; len(sample) > 0 && i < 2000; i++ {
		var line []byte
		line, sample = cutLine(sample)
		clean := string(cleanLine(line[:min(len(line), 256)]))
		if n >= 2 && endsSystem(clean) {
			break // programs can be called anything
		}
		key, _, ok := cutKey(clean)
		if !ok {
			continue
		}
		switch labels.of(key) {
		case labelURL, labelUser:
			lastPlace = i
		case labelPass:
			lastPass = i
		}
		// A label that is a login's in one file is a machine's in the next.
		if lastPlace >= 0 && lastPass >= 0 && max(lastPlace, lastPass)-min(lastPlace, lastPass) <= 3 {
			return true, false
		}
		var room [3 * maxKey]byte
		if f := systemFacts[string(foldKey(key, room[:0]))]; f != factNone && !facts[f] {
			facts[f] = true
			n++
		}
	}
	ids := 0
	for _, f := range []fact{factIP, factIPInfo, factComputer, factUserComputer, factMachineID, factUserID, factHardware} {
		if facts[f] {
			ids++
		}
	}
	return false, n >= 4 && ids >= 2
}
