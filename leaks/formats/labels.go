package formats

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A label is what the key of a "KEY: value" line stands for.
type label uint8

const (
	labelNone label = iota
	labelURL
	labelUser
	labelPass
	labelSoftware
	labelProfile
	labelOther // known to stand in records, and of no use to us
)

// recordLabels are the keys of credentials as they are after foldKey.
var recordLabels = labelTable(map[label]string{
	labelURL: "url uri ur1 host hostname site website link originurl weburl webaddress pageurl actionurl siteurl loginurl web " +
		"domain ссылка сайт адрес хост sitio sitioweb sito sitoweb adresse webseite lien sitedaweb adres strona witryna 网址 网站 链接",
	labelUser: "user usr username login userlogin u53rn4m3 email account userid loginname accountname emailaddress mail usermail " +
		"uname log1n us3r логин пользователь имяпользователя usuario benutzername benutzer utilisateur identifiant nomdutilisateur " +
		"utente nomeutente usuário nomedeusuário nomedeusuario nombredeusuario kullanıcı kullanıcıadı kullaniciadi użytkownik nazwaużytkownika gebruikersnaam 用户名 用户 账号 帐号",
	labelPass: "pass password passwd pwd userpassword p455w0rd userpass passphrase p4ssw0rd pa55word pw loginpassword " +
		"пароль contraseña contrasena clave senha passwort kennwort motdepasse psw psswd parola şifre sifre hasło haslo wachtwoord 密码 口令",
	labelSoftware: "soft software application app browser storage program client приложение браузер обозреватель",
	labelProfile:  "profile profilename browserprofile userprofile профиль",
	labelOther:    "usernamefield passwordfield realm httprealm guid timecreated timelastused timepasswordchanged timesused created modified lastused datecreated note notes comment port protocol type index id title name cookies lastlogin createdate",
})

func labelTable(names map[label]string) map[string]label {
	table := make(map[string]label)
	for l, list := range names {
		for name := range strings.FieldsSeq(list) {
			table[name] = l
		}
	}
	return table
}

// maxKey is how long a key can be in its line, blanks and dashes before it not
// counted.
const maxKey = 40

// cutKey takes a line "KEY: value" apart. The key is what stands before the
// first colon, at the line's start but for blanks and "- "; the value lacks the
// one blank that parts the two. A line that begins with a URL has no key.
func cutKey(line string) (key, value string, ok bool) {
	i := 0
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	if i+1 < len(line) && line[i] == '-' && (line[i+1] == ' ' || line[i+1] == '\t') {
		for i++; i < len(line) && (line[i] == ' ' || line[i] == '\t'); i++ {
		}
	}
	end := min(len(line), i+maxKey+1)
	j := strings.IndexByte(line[i:end], ':')
	if j <= 0 {
		return "", "", false
	}
	key, value = line[i:i+j], line[i+j+1:]
	if value != "" && (value[0] == ' ' || value[0] == '\t') {
		value = value[1:]
	}
	return key, value, true
}

// foldKey returns a key in the form the tables have: lower case, letters and
// digits only. The room is where it may be built.
func foldKey(key string, room []byte) []byte {
	out := room[:0]
	for i := 0; i < len(key); i++ {
		switch c := key[i]; {
		case 'a' <= c && c <= 'z' || isDigit(c):
			out = append(out, c)
		case 'A' <= c && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c >= utf8.RuneSelf:
			return foldWide(key, room[:0])
		}
	}
	return out
}

func foldWide(key string, out []byte) []byte {
	for _, r := range key {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			out = utf8.AppendRune(out, unicode.ToLower(r))
		}
	}
	return out
}

// A labelMemory finds labels. The keys of a file are few and written in the
// same way all along, so it looks at those seen last first.
type labelMemory struct {
	seen [8]struct {
		key   string
		label label
	}
	next int
	room [3 * maxKey]byte
}

// of returns what key stands for.
func (m *labelMemory) of(key string) label {
	for i := range m.seen {
		if m.seen[i].key == key {
			return m.seen[i].label
		}
	}
	l := recordLabels[string(foldKey(key, m.room[:0]))]
	if l != labelNone {
		m.seen[m.next].key, m.seen[m.next].label = strings.Clone(key), l
		m.next = (m.next + 1) % len(m.seen)
	}
	return l
}

// isRule reports whether s, a line without blanks at its ends, parts records:
// three or more of one kind of mark, or such with a name between them.
func isRule(s string) bool {
	if len(s) < 3 {
		return false
	}
	lead := ruleMarks(s)
	if lead == len(s) {
		return true
	}
	if lead < 3 {
		return false
	}
	tail := 0
	for tail < len(s) && isRuleByte(s[len(s)-1-tail]) {
		tail++
	}
	return tail >= 3
}

// ruleMarks counts the bytes of rule marks that s begins with.
func ruleMarks(s string) int {
	i := 0
	for i < len(s) {
		if isRuleByte(s[i]) {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r < 0x2500 || r > 0x259F { // box drawing and blocks
			break
		}
		i += n
	}
	return i
}

func isRuleByte(c byte) bool {
	switch c {
	case '=', '-', '_', '*', '~', '#', '+':
		return true
	}
	return false
}
