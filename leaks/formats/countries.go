package formats

import (
	"strings"
	"sync"
)

// countryNames are the English short names of ISO 3166-1, as geolocation
// services write them, with the codes; further names of a country follow with /.
const countryNames = `AD Andorra|AE United Arab Emirates/UAE|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania|AM Armenia|AO Angola|AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|AX Aland Islands/Åland Islands|AZ Azerbaijan|BA Bosnia and Herzegovina/Bosnia & Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi|BJ Benin|BL Saint Barthelemy/Saint Barthélemy|BM Bermuda|BN Brunei/Brunei Darussalam|BO Bolivia|BQ Bonaire/Bonaire, Sint Eustatius and Saba|BR Brazil/Brasil|BS Bahamas/The Bahamas|BT Bhutan|BV Bouvet Island|BW Botswana|BY Belarus|BZ Belize|CA Canada|CC Cocos Islands/Cocos (Keeling) Islands|CD DR Congo/Democratic Republic of the Congo/Congo, Democratic Republic of the|CF Central African Republic|CG Congo/Republic of the Congo|CH Switzerland|CI Ivory Coast/Cote d'Ivoire/Côte d'Ivoire|CK Cook Islands|CL Chile|CM Cameroon|CN China|CO Colombia|CR Costa Rica|CU Cuba|CV Cape Verde/Cabo Verde|CW Curacao/Curaçao|CX Christmas Island|CY Cyprus|CZ Czechia/Czech Republic|DE Germany/Deutschland|DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|EG Egypt|EH Western Sahara|ER Eritrea|ES Spain/España|ET Ethiopia|FI Finland|FJ Fiji|FK Falkland Islands|FM Micronesia/Federated States of Micronesia|FO Faroe Islands|FR France|GA Gabon|GB United Kingdom/Great Britain/UK|GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland|GM Gambia/The Gambia|GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece|GS South Georgia and the South Sandwich Islands|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|HK Hong Kong|HM Heard Island and McDonald Islands|HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IM Isle of Man|IN India|IO British Indian Ocean Territory|IQ Iraq|IR Iran/Iran, Islamic Republic of|IS Iceland|IT Italy/Italia|JE Jersey|JM Jamaica|JO Jordan|JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN Saint Kitts and Nevis|KP North Korea|KR South Korea/Korea/Republic of Korea/Korea, Republic of|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon|LC Saint Lucia|LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|LY Libya|MA Morocco|MC Monaco|MD Moldova/Republic of Moldova|ME Montenegro|MF Saint Martin|MG Madagascar|MH Marshall Islands|MK North Macedonia/Macedonia|ML Mali|MM Myanmar/Burma|MN Mongolia|MO Macao/Macau|MP Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|MV Maldives|MW Malawi|MX Mexico/México|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|NG Nigeria|NI Nicaragua|NL Netherlands/The Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea|PH Philippines|PK Pakistan|PL Poland|PM Saint Pierre and Miquelon|PN Pitcairn|PR Puerto Rico|PS Palestine/Palestinian Territory/State of Palestine|PT Portugal|PW Palau|PY Paraguay|QA Qatar|RE Reunion/Réunion|RO Romania|RS Serbia|RU Russia/Russian Federation|RW Rwanda|SA Saudi Arabia|SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore|SH Saint Helena|SI Slovenia|SJ Svalbard and Jan Mayen|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia|SR Suriname|SS South Sudan|ST Sao Tome and Principe|SV El Salvador|SX Sint Maarten|SY Syria/Syrian Arab Republic|SZ Eswatini/Swaziland|TC Turks and Caicos Islands|TD Chad|TF French Southern Territories|TG Togo|TH Thailand|TJ Tajikistan|TK Tokelau|TL Timor-Leste/East Timor|TM Turkmenistan|TN Tunisia|TO Tonga|TR Turkey/Türkiye/Turkiye|TT Trinidad and Tobago|TV Tuvalu|TW Taiwan|TZ Tanzania|UA Ukraine|UG Uganda|UM United States Minor Outlying Islands|US United States/United States of America/USA|UY Uruguay|UZ Uzbekistan|VA Vatican City/Vatican/Holy See|VC Saint Vincent and the Grenadines|VE Venezuela|VG British Virgin Islands|VI U.S. Virgin Islands/US Virgin Islands|VN Vietnam/Viet Nam|VU Vanuatu|WF Wallis and Futuna|WS Samoa|XK Kosovo|YE Yemen|YT Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe`

// countryTable has the codes of codes themselves (upper case) and of names in
// lower case.
var countryTable = sync.OnceValue(func() map[string]string {
	table := make(map[string]string, 700)
	for entry := range strings.SplitSeq(countryNames, "|") {
		code := entry[:2]
		table[code] = code
		for name := range strings.SplitSeq(entry[3:], "/") {
			table[strings.ToLower(name)] = code
		}
	}
	table["UK"] = "GB"
	return table
})

// countryCode returns the code that s is, in capitals, or "".
func countryCode(s string) string {
	if len(s) != 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' {
		return ""
	}
	return countryTable()[s]
}

// readCountry returns the code of the country that a value names: a code, a
// name, or both with blanks and brackets between. It returns "" for what is
// neither.
func readCountry(s string) string {
	s = strings.Trim(s, " \t.,")
	if len(s) == 2 {
		return countryCode(strings.ToUpper(s))
	}
	if code := countryTable()[strings.ToLower(s)]; code != "" {
		return code
	}
	// "Germany (DE)", "DE - Germany", "US[192.0.2.1]", "Poland (00-001)"
	fields := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("()[]{}|/\\;:,", r) || r == '\t' })
	for _, f := range fields {
		f = strings.Trim(f, " -.")
		if code := countryTable()[strings.ToLower(f)]; code != "" && len(f) > 2 {
			return code
		}
	}
	for _, f := range fields {
		for word := range strings.FieldsSeq(f) {
			if code := countryCode(word); code != "" {
				return code
			}
		}
	}
	return ""
}

// readLocation returns the country of a place: "PL, Warsaw", or names with the
// country last, which is believed only where a region stands before it
// ("52.2, 21.0 | Warsaw, Mazovia, Poland (00-001)"), as "Atlanta, Georgia" is
// no country's.
func readLocation(s string) string {
	if first, _, ok := strings.Cut(s, ","); ok {
		if code := countryCode(trimString(first)); code != "" {
			return code
		}
	}
	_, names, piped := strings.Cut(s, "|")
	if !piped {
		names = s
	}
	if i := strings.IndexByte(names, '('); i > 0 {
		names = names[:i]
	}
	parts := strings.Split(names, ",")
	if len(parts) < 3 && !piped {
		return ""
	}
	return countryTable()[strings.ToLower(trimString(parts[len(parts)-1]))]
}
