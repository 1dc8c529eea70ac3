//! Countries by the names that files give them.

use commerce_core::value::Country;

/// The country that a file calls by this name, in any case and with or without white space around it;
/// [`Country::UNKNOWN`] for a name that names none, such as `European Community` or `Unspecified`.
pub fn country(name: &str) -> Country {
    let name = name.trim().to_lowercase();
    NAMES
        .binary_search_by(|(known, _)| (*known).cmp(name.as_str()))
        .ok()
        .and_then(|position| NAMES.get(position))
        .and_then(|(_, code)| Country::parse(code).ok())
        .unwrap_or(Country::UNKNOWN)
}

/// Names in lower case and their codes, sorted by name. Sources: the English short names of ISO 3166-1, in their common
/// form (`bolivia` for "Bolivia (Plurinational State of)"), with older and shorter names of the same countries; and the
/// names of the Online Retail data set, among them `channel islands`, which is two codes, of which its shop's is Jersey.
#[rustfmt::skip]
static NAMES: &[(&str, &str)] = &[
    ("afghanistan", "AF"), ("aland islands", "AX"), ("albania", "AL"), ("algeria", "DZ"),
    ("american samoa", "AS"), ("andorra", "AD"), ("angola", "AO"), ("anguilla", "AI"), ("antarctica", "AQ"),
    ("antigua and barbuda", "AG"), ("argentina", "AR"), ("armenia", "AM"), ("aruba", "AW"),
    ("australia", "AU"), ("austria", "AT"), ("azerbaijan", "AZ"), ("bahamas", "BS"), ("bahrain", "BH"),
    ("bangladesh", "BD"), ("barbados", "BB"), ("belarus", "BY"), ("belgium", "BE"), ("belize", "BZ"),
    ("benin", "BJ"), ("bermuda", "BM"), ("bhutan", "BT"), ("bolivia", "BO"), ("bonaire", "BQ"),
    ("bosnia and herzegovina", "BA"), ("botswana", "BW"), ("bouvet island", "BV"), ("brazil", "BR"),
    ("british indian ocean territory", "IO"), ("british virgin islands", "VG"), ("brunei", "BN"),
    ("brunei darussalam", "BN"), ("bulgaria", "BG"), ("burkina faso", "BF"), ("burma", "MM"),
    ("burundi", "BI"), ("cabo verde", "CV"), ("cambodia", "KH"), ("cameroon", "CM"), ("canada", "CA"),
    ("cape verde", "CV"), ("cayman islands", "KY"), ("central african republic", "CF"), ("chad", "TD"),
    ("channel islands", "JE"), ("chile", "CL"), ("china", "CN"), ("christmas island", "CX"),
    ("cocos islands", "CC"), ("colombia", "CO"), ("comoros", "KM"), ("congo", "CG"), ("cook islands", "CK"),
    ("costa rica", "CR"), ("cote d'ivoire", "CI"), ("croatia", "HR"), ("cuba", "CU"), ("curacao", "CW"),
    ("curaçao", "CW"), ("cyprus", "CY"), ("czech republic", "CZ"), ("czechia", "CZ"), ("côte d'ivoire", "CI"),
    ("democratic republic of the congo", "CD"), ("denmark", "DK"), ("djibouti", "DJ"), ("dominica", "DM"),
    ("dominican republic", "DO"), ("east timor", "TL"), ("ecuador", "EC"), ("egypt", "EG"), ("eire", "IE"),
    ("el salvador", "SV"), ("england", "GB"), ("equatorial guinea", "GQ"), ("eritrea", "ER"),
    ("estonia", "EE"), ("eswatini", "SZ"), ("ethiopia", "ET"), ("falkland islands", "FK"),
    ("faroe islands", "FO"), ("fiji", "FJ"), ("finland", "FI"), ("france", "FR"), ("french guiana", "GF"),
    ("french polynesia", "PF"), ("french southern territories", "TF"), ("gabon", "GA"), ("gambia", "GM"),
    ("georgia", "GE"), ("germany", "DE"), ("ghana", "GH"), ("gibraltar", "GI"), ("great britain", "GB"),
    ("greece", "GR"), ("greenland", "GL"), ("grenada", "GD"), ("guadeloupe", "GP"), ("guam", "GU"),
    ("guatemala", "GT"), ("guernsey", "GG"), ("guinea", "GN"), ("guinea-bissau", "GW"), ("guyana", "GY"),
    ("haiti", "HT"), ("heard island and mcdonald islands", "HM"), ("holland", "NL"), ("honduras", "HN"),
    ("hong kong", "HK"), ("hungary", "HU"), ("iceland", "IS"), ("india", "IN"), ("indonesia", "ID"),
    ("iran", "IR"), ("iraq", "IQ"), ("ireland", "IE"), ("isle of man", "IM"), ("israel", "IL"),
    ("italy", "IT"), ("ivory coast", "CI"), ("jamaica", "JM"), ("japan", "JP"), ("jersey", "JE"),
    ("jordan", "JO"), ("kazakhstan", "KZ"), ("kenya", "KE"), ("kiribati", "KI"), ("kuwait", "KW"),
    ("kyrgyzstan", "KG"), ("lao people's democratic republic", "LA"), ("laos", "LA"), ("latvia", "LV"),
    ("lebanon", "LB"), ("lesotho", "LS"), ("liberia", "LR"), ("libya", "LY"), ("liechtenstein", "LI"),
    ("lithuania", "LT"), ("luxembourg", "LU"), ("macao", "MO"), ("macau", "MO"), ("macedonia", "MK"),
    ("madagascar", "MG"), ("malawi", "MW"), ("malaysia", "MY"), ("maldives", "MV"), ("mali", "ML"),
    ("malta", "MT"), ("marshall islands", "MH"), ("martinique", "MQ"), ("mauritania", "MR"),
    ("mauritius", "MU"), ("mayotte", "YT"), ("mexico", "MX"), ("micronesia", "FM"), ("moldova", "MD"),
    ("monaco", "MC"), ("mongolia", "MN"), ("montenegro", "ME"), ("montserrat", "MS"), ("morocco", "MA"),
    ("mozambique", "MZ"), ("myanmar", "MM"), ("namibia", "NA"), ("nauru", "NR"), ("nepal", "NP"),
    ("netherlands", "NL"), ("new caledonia", "NC"), ("new zealand", "NZ"), ("nicaragua", "NI"),
    ("niger", "NE"), ("nigeria", "NG"), ("niue", "NU"), ("norfolk island", "NF"), ("north korea", "KP"),
    ("north macedonia", "MK"), ("northern ireland", "GB"), ("northern mariana islands", "MP"),
    ("norway", "NO"), ("oman", "OM"), ("pakistan", "PK"), ("palau", "PW"), ("palestine", "PS"),
    ("panama", "PA"), ("papua new guinea", "PG"), ("paraguay", "PY"), ("peru", "PE"), ("philippines", "PH"),
    ("pitcairn", "PN"), ("poland", "PL"), ("portugal", "PT"), ("puerto rico", "PR"), ("qatar", "QA"),
    ("republic of korea", "KR"), ("republic of the congo", "CG"), ("reunion", "RE"), ("romania", "RO"),
    ("rsa", "ZA"), ("russia", "RU"), ("russian federation", "RU"), ("rwanda", "RW"), ("réunion", "RE"),
    ("saint barthelemy", "BL"), ("saint barthélemy", "BL"), ("saint helena", "SH"),
    ("saint kitts and nevis", "KN"), ("saint lucia", "LC"), ("saint martin", "MF"),
    ("saint pierre and miquelon", "PM"), ("saint vincent and the grenadines", "VC"), ("samoa", "WS"),
    ("san marino", "SM"), ("sao tome and principe", "ST"), ("saudi arabia", "SA"), ("scotland", "GB"),
    ("senegal", "SN"), ("serbia", "RS"), ("seychelles", "SC"), ("sierra leone", "SL"), ("singapore", "SG"),
    ("sint maarten", "SX"), ("slovakia", "SK"), ("slovenia", "SI"), ("solomon islands", "SB"),
    ("somalia", "SO"), ("south africa", "ZA"), ("south georgia and the south sandwich islands", "GS"),
    ("south korea", "KR"), ("south sudan", "SS"), ("spain", "ES"), ("sri lanka", "LK"), ("sudan", "SD"),
    ("suriname", "SR"), ("svalbard and jan mayen", "SJ"), ("swaziland", "SZ"), ("sweden", "SE"),
    ("switzerland", "CH"), ("syria", "SY"), ("syrian arab republic", "SY"), ("taiwan", "TW"),
    ("tajikistan", "TJ"), ("tanzania", "TZ"), ("thailand", "TH"), ("the bahamas", "BS"), ("the gambia", "GM"),
    ("the netherlands", "NL"), ("timor-leste", "TL"), ("togo", "TG"), ("tokelau", "TK"), ("tonga", "TO"),
    ("trinidad and tobago", "TT"), ("tunisia", "TN"), ("turkey", "TR"), ("turkiye", "TR"),
    ("turkmenistan", "TM"), ("turks and caicos islands", "TC"), ("tuvalu", "TV"), ("türkiye", "TR"),
    ("uganda", "UG"), ("uk", "GB"), ("ukraine", "UA"), ("united arab emirates", "AE"),
    ("united kingdom", "GB"), ("united states", "US"), ("united states minor outlying islands", "UM"),
    ("united states of america", "US"), ("uruguay", "UY"), ("us virgin islands", "VI"), ("usa", "US"),
    ("uzbekistan", "UZ"), ("vanuatu", "VU"), ("vatican city", "VA"), ("venezuela", "VE"), ("viet nam", "VN"),
    ("vietnam", "VN"), ("wales", "GB"), ("wallis and futuna", "WF"), ("western sahara", "EH"),
    ("yemen", "YE"), ("zambia", "ZM"), ("zimbabwe", "ZW"), ("åland islands", "AX"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Every country name in the Online Retail data set.
    const DATA_SET: [(&str, &str); 38] = [
        ("Australia", "AU"),
        ("Austria", "AT"),
        ("Bahrain", "BH"),
        ("Belgium", "BE"),
        ("Brazil", "BR"),
        ("Canada", "CA"),
        ("Channel Islands", "JE"),
        ("Cyprus", "CY"),
        ("Czech Republic", "CZ"),
        ("Denmark", "DK"),
        ("EIRE", "IE"),
        ("European Community", "ZZ"),
        ("Finland", "FI"),
        ("France", "FR"),
        ("Germany", "DE"),
        ("Greece", "GR"),
        ("Hong Kong", "HK"),
        ("Iceland", "IS"),
        ("Israel", "IL"),
        ("Italy", "IT"),
        ("Japan", "JP"),
        ("Lebanon", "LB"),
        ("Lithuania", "LT"),
        ("Malta", "MT"),
        ("Netherlands", "NL"),
        ("Norway", "NO"),
        ("Poland", "PL"),
        ("Portugal", "PT"),
        ("RSA", "ZA"),
        ("Saudi Arabia", "SA"),
        ("Singapore", "SG"),
        ("Spain", "ES"),
        ("Sweden", "SE"),
        ("Switzerland", "CH"),
        ("USA", "US"),
        ("United Arab Emirates", "AE"),
        ("United Kingdom", "GB"),
        ("Unspecified", "ZZ"),
    ];

    #[test]
    fn every_country_of_the_data_set_has_its_code() {
        for (name, code) in DATA_SET {
            assert_eq!(country(name).as_str(), code, "{name}");
        }
    }

    #[test]
    fn case_and_white_space_around_a_name_do_not_matter() {
        assert_eq!(country("  eIrE ").as_str(), "IE");
        assert_eq!(country("CÔTE D'IVOIRE").as_str(), "CI");
    }

    #[test]
    fn a_name_of_no_country_is_the_unknown_country() {
        for name in ["", "Atlantis", "GB", "United"] {
            assert_eq!(country(name), Country::UNKNOWN, "{name:?}");
        }
    }

    #[test]
    fn the_names_are_sorted_without_repetition_and_their_codes_exist() {
        assert!(NAMES.is_sorted_by(|(one, _), (next, _)| one < next));
        for (name, code) in NAMES {
            assert!(Country::parse(code).is_ok(), "{name}");
            assert_eq!(*name, name.to_lowercase());
        }
    }

    #[test]
    fn every_country_of_iso_3166_has_a_name() {
        for code in Country::all().filter(|code| *code != Country::UNKNOWN) {
            assert!(NAMES.iter().any(|(_, named)| *named == code.as_str()), "{code}");
        }
    }
}
