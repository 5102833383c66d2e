"""Check digits for the invented identifiers, so that a validator accepts them."""


def iban(country: str, account: str) -> str:
    """An IBAN in groups of four."""
    digits = "".join(str(int(c, 36)) for c in f"{account}{country}00")
    whole = f"{country}{98 - int(digits) % 97:02d}{account}"
    return " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))


def vat_de(stem: str) -> str:
    """German VAT id from eight digits (ISO 7064, MOD 11,10)."""
    product = 10
    for digit in stem:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return f"DE{stem}{(11 - product) % 10}"


def vat_gb(stem: str) -> str:
    """British VAT number from seven digits (MOD 97)."""
    total = sum(int(d) * w for d, w in zip(stem, range(8, 1, -1), strict=True))
    text = f"{stem}{97 - total % 97:02d}"
    return f"GB {text[:3]} {text[3:7]} {text[7:]}"


def nif_es(letter: str, stem: str) -> str:
    """Spanish tax number of a company (B, A): letter, seven digits, control digit."""
    return f"{letter}{stem}{_luhn(stem)}"


def vat_it(stem: str) -> str:
    """Italian VAT number from ten digits (Luhn)."""
    return f"IT{stem}{_luhn(stem)}"


def uid_ch(stem: str) -> str:
    """Swiss company number from eight digits (MOD 11)."""
    total = sum(int(d) * w for d, w in zip(stem, (5, 4, 3, 2, 7, 6, 5, 4), strict=True))
    control = (11 - total % 11) % 11
    if control == 10:
        raise ValueError(f"{stem} has no control digit")
    text = f"{stem}{control}"
    return f"CHE-{text[:3]}.{text[3:6]}.{text[6:]}"


def ean13(stem: str) -> str:
    """An article number from twelve digits."""
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(stem))
    return f"{stem}{-total % 10}"


def _luhn(stem: str) -> int:
    doubled = (sum(divmod(int(d) * 2, 10)) for d in stem[-1::-2])
    return -(sum(doubled) + sum(int(d) for d in stem[-2::-2])) % 10
