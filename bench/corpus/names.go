package corpus

import "strings"

// Vocabularies. All invented or everyday words; which stands where in a list
// decides how often it occurs.
var (
	// 64 words, two of which make the name of a root domain.
	words = list(64, `north harbor stone river cedar maple silver amber cloud
		bright green delta alpine coast urban prime nova orbit pixel quant
		vector summit valley meadow iron copper cobalt indigo crimson velvet
		lunar solar terra aqua ember frost gale haven isle jade keen lark mint
		nest oak pearl quill reef sage tide unity vista willow xeno yarrow
		zenith anchor beacon canyon dune echo fjord grove hollow`)

	firstNames = list(64, `anna ben clara david emma felix greta hugo ida jonas
		karla leon mara nils olga paul quinn rosa simon tara uwe vera walter
		xenia yann zoe amir bella carlos diana elif farid gina hassan irina
		jamal kenji lucia mateo nadia omar priya raul sofia tomas ulla victor
		wanda yusuf zara aisha bruno chloe dmitri elena fabio gloria henrik ines
		jorge kamal lena miguel noor`)

	lastNames = list(64, `adler baker castro demir evans fischer garcia hansen
		ivanov jensen keller larsen meyer novak olsen perez quist rossi schmidt
		tanaka ullman vogel weber xu young zeman abbott becker cohen dubois
		eriksen fuchs gomez hoffman ito jansen kovac lopez moreau nguyen ortega
		petrov ramos santos torres urban varga wagner yilmaz zimmer alvarez
		berg clark diaz engel ferrari gruber horvat ibsen jung khan lund martin
		nilsen`)

	subdomains = list(16, `www login accounts mail portal app sso vpn shop api
		my secure auth intranet webmail admin`)

	paths = strings.Fields(`/login / /signin /auth/login /users/sign_in
		/account/login /wp-login.php /index.php /my-account /login.aspx /auth
		/sso/login /register /accounts/login/ /user/login /signup /admin
		/portal/login.jsp /oauth2/authorize /checkout /profile
		/session/new /dana-na/auth/url_default/welcome.cgi /owa/auth/logon.aspx`)

	providers = []struct {
		name  string
		share float64 // of the persons
	}{
		// Persons are not all e-mail users and credentials not all providers';
		// this puts the first at 20 % of the occurrences.
		{"postbox.example", 0.265}, {"freemail.test", 0.11}, {"inbox.example", 0.075}, {"webpost.test", 0.05},
		{"letters.example", 0.035}, {"mailhub.test", 0.025}, {"quickmail.example", 0.015}, {"pigeon.test", 0.01},
		{"courier.example", 0.007}, {"envelope.test", 0.005},
	}

	stealers = list(Stealers, `RedLine Lumma Vidar Raccoon StealC RisePro META
		Rhadamanthys Aurora CryptBot Atomic Azorult Meduza DCRat Phemedrone
		ArechClient2 Mystic WhiteSnake Bradmax Manticore Umbral Example01
		Example02 Example03 Example04 Example05 Example06 Example07 Example08
		Example09 Example10 Example11 Example12 Example13 Example14 Example15
		Example16 Example17 Example18 Example19`)

	countries = list(Countries, `US IN BR ID DE TR FR ES IT PH VN EG MX TH PL GB
		PK AR CO NG RO MY BD PE DZ MA CL ZA KR JP UA NL CA AU SA AE PT GR HU CZ
		SE BE AT CH IL EC VE TN IQ KE LK NP RS BG SK HR DK FI NO IE SG TW HK NZ
		GT BO DO CR UY PY SV HN NI PA CU JM TT HT BS BB GY SR BZ AG DM GD KN LC
		VC GH CI SN CM UG TZ ET ZM ZW AO MZ MG ML BF NE TD BJ TG GN SL LR GM GW
		CV MR SO SD LY DJ ER RW BI MW LS SZ BW NA GA CG CD CF GQ ST KM SC MU JO
		LB SY YE OM QA KW BH AM AZ GE KZ UZ KG TJ TM MN AF BT MV MM LA KH BN TL
		PG FJ SB VU WS TO KI TV NR PW FM MH IS LU MT CY EE LV LT SI BA ME MK AL
		MD BY XK AD MC SM LI VA FO PR RE GP MQ NC PF GU BM KY AW GI`)

	softwares = cross(list(15, `Google_[Chrome] Microsoft_[Edge]
		Mozilla_[Firefox] Opera_[Stable] Brave_[Browser] Opera_[GX]
		Yandex_[Browser] Vivaldi Chromium CocCoc 360_[Browser] Comodo_[Dragon]
		Epic_[Browser] Torch Waterfox`), []string{"_Default", "_Profile 1", "_Profile 2", "_Profile 3"})

	commonPasswords = strings.Fields(`123456 password 12345678 qwerty123 111111
		abc123 Passw0rd iloveyou welcome1 admin123 letmein! dragon12 monkey99
		football1 Sunshine1 654321`)
)

// list splits a list of at least n words and keeps n.
func list(n int, s string) []string { return strings.Fields(s)[:n] }

// cross puts each first with each second, so that the first second goes with
// every first before the next does.
func cross(first, second []string) []string {
	var all []string
	for _, b := range second {
		for _, a := range first {
			all = append(all, a+b)
		}
	}
	return all
}

var (
	pickStealer  = newQuantiles(Stealers)
	pickCountry  = newQuantiles(Countries)
	pickSoftware = newQuantiles(Softwares)
)
