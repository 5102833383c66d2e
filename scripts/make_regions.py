"""Writes `extraction/rules/lexicon/regions.yaml`: what the documents of every country have in common.

usage: python scripts/make_regions.py

Currency, order of dates, official languages, cash rounding of CHF, CAD, DKK and HUF: CLDR through Babel. Calling codes: ITU-T
E.164 (complement of the Operational Bulletin). Tax rates in percent, present and of the last ten years: the tax authorities,
as collected by the European Commission (Taxes in Europe Database) and in the OECD's Consumption Tax Trends. Other coins:
announcements of the central banks.
"""

from datetime import date
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.languages import get_official_languages
from babel.numbers import get_territory_currencies

TARGET = Path(__file__).parents[1] / "ocr_pipeline" / "extraction" / "rules" / "lexicon" / "regions.yaml"

TAX_RATES = """
AD 4.5 1; AE 5; AL 20 6; AM 20; AR 21 10.5 27; AT 20 13 10; AU 10; AZ 18; BA 17; BB 17.5; BD 15; BE 21 12 6; BG 20 9; BH
10 5; BO 13; BW 14; BY 20 10; CA 5 13 15 12 14.975; CH 8.1 7.7 2.6 2.5 3.8; CI 18; CL 19; CM 19.25; CN 13 9 6 3; CO 19
5; CR 13; CY 19 9 5; CZ 21 12 15 10; DE 19 7 16 5; DK 25; DO 18; DZ 19 9; EC 15 12; EE 24 22 20 9 13; EG 14; ES 21 10 4;
ET 15; FI 25.5 24 14 13.5 10; FJ 15 12.5; FR 20 10 5.5 2.1; GB 20 5; GE 18; GH 15; GR 24 13 6; GT 12; HN 15; HR 25 13 5;
HU 27 18 5; ID 11 10 12; IE 23 13.5 9; IL 18 17; IN 5 12 18 28 2.5 6 9 14; IS 24 11; IT 22 10 5 4; JM 15; JO 16; JP 10
8; KE 16; KH 10; KR 10; KZ 12; LA 10; LB 11; LI 8.1 7.7 2.6 2.5 3.8; LK 18 15; LT 21 9 5; LU 17 16 14 8 3; LV 21 12 5;
MA 20 14 10 7; MC 20 10 5.5 2.1; MD 20 8; ME 21 7; MK 18 5; MM 5; MN 10; MT 18 12 7 5; MU 15; MX 16 8; MY 6 8; MZ 16; NA
15; NG 7.5; NI 15; NL 21 9 6; NO 25 15 12; NP 13; NZ 15; OM 5; PA 7; PE 18; PH 12; PK 18 17; PL 23 8 5; PT 23 13 6; PY
10 5; RO 21 11 19 9 5; RS 20 10; RU 20 10; RW 18; SA 15; SE 25 12 6; SG 9 8 7; SI 22 9.5 5; SK 23 19 20 10 5; SN 18; SV
13; TH 7; TN 19 13 7; TR 20 18 10 8 1; TT 12.5; TW 5; TZ 18; UA 20 14 7; UG 18; UY 22 10; UZ 12; VE 16; VN 10 8 5; XK 18
8; ZA 15 14; ZM 16; ZW 15 15.5
"""
CASH_STEPS = {
    "MY": "0.05", "CH": "0.05", "LI": "0.05", "AU": "0.05", "NZ": "0.10", "CA": "0.05", "SE": "1", "NO": "1", "DK": "0.50",
    "HU": "5", "CZ": "1", "FI": "0.05", "BE": "0.05", "NL": "0.05", "IE": "0.05", "ZA": "0.10", "IL": "0.10", "HK": "0.10",
}  # fmt: skip
CALLING_CODES = """
US 1; CA 1; EG 20; ZA 27; GR 30; NL 31; BE 32; FR 33; ES 34; HU 36; IT 39; RO 40; CH 41; AT 43; GB 44; DK 45; SE 46; NO
47; PL 48; DE 49; PE 51; MX 52; CU 53; AR 54; BR 55; CL 56; CO 57; VE 58; MY 60; AU 61; ID 62; PH 63; NZ 64; SG 65; TH
66; RU 7; KZ 7; JP 81; KR 82; VN 84; CN 86; TR 90; IN 91; PK 92; AF 93; LK 94; MM 95; IR 98; SS 211; MA 212; DZ 213; TN
216; LY 218; GM 220; SN 221; MR 222; ML 223; GN 224; CI 225; BF 226; NE 227; TG 228; BJ 229; MU 230; LR 231; SL 232; GH
233; NG 234; TD 235; CF 236; CM 237; CV 238; ST 239; GQ 240; GA 241; CG 242; CD 243; AO 244; GW 245; SC 248; SD 249; RW
250; ET 251; SO 252; DJ 253; KE 254; TZ 255; UG 256; BI 257; MZ 258; ZM 260; MG 261; RE 262; ZW 263; NA 264; MW 265; LS
266; BW 267; SZ 268; KM 269; ER 291; GI 350; PT 351; LU 352; IE 353; IS 354; AL 355; MT 356; CY 357; FI 358; BG 359; LT
370; LV 371; EE 372; MD 373; AM 374; BY 375; AD 376; MC 377; SM 378; UA 380; RS 381; ME 382; XK 383; HR 385; SI 386; BA
387; MK 389; CZ 420; SK 421; LI 423; BZ 501; GT 502; SV 503; HN 504; NI 505; CR 506; PA 507; HT 509; BO 591; GY 592; EC
593; PY 595; SR 597; UY 598; TL 670; BN 673; PG 675; FJ 679; HK 852; MO 853; KH 855; LA 856; BD 880; TW 886; MV 960; LB
961; JO 962; SY 963; IQ 964; KW 965; SA 966; YE 967; OM 968; PS 970; AE 971; IL 972; BH 973; QA 974; BT 975; MN 976; NP
977; TJ 992; TM 993; AZ 994; GE 995; KG 996; UZ 998
"""
MONTH_FIRST = {"CA": 0.6, "PH": 0.8, "PA": 0.3, "PR": 0.9, "KE": 0.1, "GH": 0.1}
"""Where CLDR has one order and documents have both. Belize, Guam, Micronesia and others are as in CLDR."""
OTHER_CURRENCIES = {"BG": "BGN", "HR": "EUR"}
"""Documents of the last ten years have these more often than CLDR's currency of the day."""
TERRITORIES = [code for code in Locale("en").territories if len(code) == 2 and code.isalpha()]
NO_COUNTRIES = {"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB", "AC", "CP", "DG", "EA", "IC", "TA", "AQ", "BV", "HM"}


def pairs(table: str) -> dict[str, list[str]]:
    entries = (entry.split() for entry in table.replace("\n", " ").split(";"))
    return {code: values for code, *values in entries}


def month_first(code: str) -> float:
    """The share of dates in numbers, with the year last, that have the month first."""
    if code in MONTH_FIRST:
        return MONTH_FIRST[code]
    try:
        pattern = Locale.parse(f"und_{code}").date_formats["short"].pattern
    except UnknownLocaleError:
        return 0.05
    first = next(letter for letter in pattern if letter in "dMyLE")
    return {"M": 0.97, "L": 0.97, "y": 0.15}.get(first, 0.02)


def line(code: str, rates: dict[str, list[str]], calling: dict[str, list[str]]) -> str | None:
    currencies = get_territory_currencies(code, date(2025, 6, 1))
    if code in NO_COUNTRIES or not currencies:
        return None
    currency = OTHER_CURRENCIES.get(code, currencies[0])
    parts = [f"currency: {currency}"]
    if len(currencies) > 1:
        parts.append(f"also: [{', '.join(other for other in currencies if other != currency)}]")
    parts.append(f"month_first: {month_first(code)}")
    _, _, _, cash = get_global("currency_fractions").get(currency, (2, 0, 2, 0))
    step = CASH_STEPS.get(code) or (f"{cash / 100:.2f}" if cash and currency != "HUF" else None)
    if step:
        parts.append(f'cash_step: "{step}"')
    parts.append(f"tax_rates: [{', '.join(rates.get(code, []))}]")
    languages = [language.split("_")[0] for language in get_official_languages(code, de_facto=True)]
    parts.append(f"languages: [{', '.join(dict.fromkeys(languages))}]")
    if code in calling:
        parts.append(f'phone: "{calling[code][0]}"')
    return f'  "{code}": {{{", ".join(parts)}}}'


def main() -> None:
    rates, calling = pairs(TAX_RATES), pairs(CALLING_CODES)
    lines = [made for code in sorted(TERRITORIES) if (made := line(code, rates, calling))]
    head = (
        "# What a country's documents have in common; written by scripts/make_regions.py, which names the sources.\n"
        "# `month_first`: the share of numeric dates with the year last that have the month first; `cash_step`: the smallest\n"
        "# coin that totals are rounded to (left out: none); `tax_rates` in percent; `also`: other currencies in use.\n"
        "regions:\n"
    )
    _, mark, signs = TARGET.read_text("utf-8").partition("# Printed signs")
    TARGET.write_text(head + "\n".join(lines) + "\n" + mark + signs, "utf-8")


if __name__ == "__main__":
    main()
