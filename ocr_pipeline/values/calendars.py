"""Years of other calendars: Buddhist, Japanese eras, Minguo, Islamic."""

from datetime import date, timedelta

_ERAS = {
    "令和": 2018,
    "平成": 1988,
    "昭和": 1925,
    "大正": 1911,
    "r": 2018,
    "h": 1988,
    "s": 1925,
    "reiwa": 2018,
    "heisei": 1988,
}
"""Era -> the year before its first one."""
_BUDDHIST, _MINGUO = 543, 1911
_BUDDHIST_YEARS = range(2443, 2643)
"""1900 to 2099."""
_HIJRI_EPOCH = date(622, 7, 19)
"""The first day of the civil Islamic calendar."""
_LEAP_YEARS = frozenset({2, 5, 7, 10, 13, 16, 18, 21, 24, 26, 29})
"""Years of the 30-year cycle that have 355 days."""


def era_year(era: str, year: int) -> int | None:
    """The Gregorian year of a year of a Japanese era (`令和`, `R`); None for an unknown era."""
    start = _ERAS.get(era.casefold())
    return None if start is None else start + year


def minguo_year(year: int) -> int:
    """The Gregorian year of a year of the Republic of China: 113 is 2024."""
    return year + _MINGUO


def gregorian_year(year: int) -> int:
    """A four-digit year, Buddhist (2567) years turned into Gregorian ones."""
    return year - _BUDDHIST if year in _BUDDHIST_YEARS else year


def buddhist_short_year(year: int) -> int:
    """The Gregorian year of two digits of a Buddhist one: 67 is 2024."""
    return 2500 + year - _BUDDHIST


def hijri_date(year: int, month: int, day: int) -> date:
    """The Gregorian date of a date of the Islamic calendar by the tabular rule; where the moon is watched it may differ by a
    day. Raises ValueError for an impossible date."""
    length = 30 if month % 2 or (month == 12 and year % 30 in _LEAP_YEARS) else 29
    if not (1 <= month <= 12 and 1 <= day <= length and 1 <= year <= 1600):
        raise ValueError(f"no date of the Islamic calendar: {year}-{month}-{day}")
    days = (year - 1) // 30 * 10631
    days += sum(355 if number in _LEAP_YEARS else 354 for number in range(1, (year - 1) % 30 + 1))
    days += sum(30 if number % 2 else 29 for number in range(1, month))
    return _HIJRI_EPOCH + timedelta(days=days + day - 1)
