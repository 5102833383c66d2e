"""Months and weekdays as they are printed. Everything is lower case; names of months and days have no accents.

The lexicon of `extraction.rules` keeps its own files, because their hash is part of its results' fingerprints; a test checks
that this vocabulary covers them.
"""

MONTHS: dict[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janner janv janvier ene enero gen gennaio januari",
            "feb february februar feber fev fevr fevrier febrero febbraio februari",
            "mar march marz maerz mrz mars marzo mac",
            "apr april avr avril abr abril aprile",
            "may mai mayo mag maggio mei",
            "jun june juni juin junio giu giugno",
            "jul july juli juil juillet julio lug luglio julai",
            "aug august aout ago agosto ogos ogo",
            "sep sept september septembre septiembre setiembre set sett settembre",
            "oct october okt oktober octobre octubre ott ottobre",
            "nov november novembre noviembre",
            "dec december dez dezember decembre dic diciembre dicembre dis disember",
        ),
        1,
    )
    for name in names.split()
}
"""English, German, French, Spanish, Italian and Malay names and abbreviations of months."""

_WEEKDAY_NAMES = (
    "mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday "
    "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag "
    "lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche "
    "mie jue vie sab dom lunes martes miercoles jueves viernes sabado domingo "
    "gio lunedi martedi mercoledi giovedi venerdi sabato domenica "
    "isnin selasa rabu khamis jumaat sabtu ahad"
)
WEEKDAYS = frozenset(_WEEKDAY_NAMES.split())
