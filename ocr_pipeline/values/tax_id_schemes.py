"""The kinds of tax and registration numbers: which country issues them, how they look, and which check they must pass.

The checks are those of python-stdnum. A number without check digits has `module` None: it is recognised by its shape alone and
only beside a label that names it. Source of each scheme: the module of python-stdnum, else the tax authority's description
that the comment names.
"""

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Scheme:
    """One kind of number.

    `shape` is that of the number without separators and without the country's prefix; `prefixes` are what may be printed
    before it. `module` is the module of python-stdnum that checks it.
    """

    country: str
    kind: str
    module: str | None
    shape: re.Pattern[str]
    prefixes: tuple[str, ...] = ()

    def is_valid(self, number: str) -> bool:
        """Whether the check digits are right; True without a check. `number`: of this scheme's shape."""
        return self.module is None or bool(_module(self.module).is_valid(number))  # type: ignore[attr-defined]


@cache
def _module(name: str) -> object:
    from importlib import import_module

    return import_module(f"stdnum.{name}")


# Country, kind, module, shape, prefixes. Kinds: `vat` is registered for turnover tax, `org` in a register of companies or for
# other taxes, `person` belongs to a natural person.
_EU_VAT = r"""
AT vat    at.uid            U\d{8}                                                        AT
BE vat    be.vat            [01]\d{9}|\d{9}                                              BE
BG vat    bg.vat            \d{9,10}                                                      BG
CY vat    cy.vat            \d{8}[A-Z]                                                    CY
CZ vat    cz.dic            \d{8,10}                                                      CZ
DE vat    de.vat            \d{9}                                                         DE
DK vat    dk.cvr            \d{8}                                                         DK
EE vat    ee.kmkr           \d{9}                                                         EE
ES vat    es.nif            [A-Z\d]\d{7}[A-Z\d]                                         ES
FI vat    fi.alv            \d{8}                                                         FI
FR vat    fr.tva            [A-HJ-NP-Z\d]{2}\d{9}                                        FR
GR vat    gr.vat            \d{9}                                                         EL,GR
HR vat    hr.oib            \d{11}                                                        HR
HU vat    hu.anum           \d{8}                                                         HU
IE vat    ie.vat            \d{7}[A-W][A-I]?|\d[A-Z]\d{5}[A-Z]                          IE
IT vat    it.iva            \d{11}                                                        IT
LT vat    lt.pvm            \d{9}|\d{12}                                                 LT
LU vat    lu.tva            \d{8}                                                         LU
LV vat    lv.pvn            \d{11}                                                        LV
MT vat    mt.vat            \d{8}                                                         MT
NL vat    nl.btw            \d{9}B\d{2}                                                  NL
PL vat    pl.nip            \d{10}                                                        PL
PT vat    pt.nif            \d{9}                                                         PT
RO vat    ro.cf             \d{4,10}                                                      RO
SE vat    se.vat            \d{10}01                                                      SE
SI vat    si.ddv            \d{8}                                                         SI
SK vat    sk.dph            \d{10}                                                        SK
XI vat    gb.vat            \d{9}|\d{12}                                                 XI
"""
_OTHERS = r"""
GB vat    gb.vat            \d{9}|\d{12}                                                 GB
CH vat    ch.uid            \d{9}                                                         CHE
NO vat    no.orgnr          [89]\d{8}                                                     NO
IS vat    is_.vsk           \d{5,6}                                                       -
TR vat    tr.vkn            \d{10}                                                        TR
TR person tr.tckimlik       [1-9]\d{10}                                                   -
AL vat    al.nipt           [J-M]\d{8}[A-Z]                                               -
MC vat    mc.tva            \d{11}                                                        -
RS vat    rs.pib            \d{9}                                                         RS
MK vat    mk.edb            \d{13}                                                        -
ME vat    me.pib            \d{8}                                                         -
MD org    md.idno           \d{13}                                                        -
UA org    ua.edrpou         \d{8}                                                         -
UA vat    -                 \d{12}                                                        -
UA person ua.rntrc          \d{10}                                                        -
RU vat    ru.inn            \d{10}|\d{12}                                                -
BY vat    by.unp            \d{9}                                                         -
AZ vat    az.voen           \d{10}                                                        -
BR vat    br.cnpj           [A-Z\d]{12}\d{2}                                             -
BR person br.cpf            \d{11}                                                        -
MX vat    mx.rfc            [A-Z&]{3,4}\d{6}[A-Z\d]{3}                                   -
AR vat    ar.cuit           (?:2[03-7]|3[034])\d{9}                                       -
CL vat    cl.rut            \d{7,8}[\dK]                                                 -
CO vat    co.nit            [89]\d{9}                                                     -
PE vat    pe.ruc            [12]\d{10}                                                    -
EC vat    ec.ruc            \d{10}001                                                     -
UY vat    uy.rut            \d{12}                                                        -
PY vat    py.ruc            \d{6,9}                                                       -
VE vat    ve.rif            [VEJPG]\d{9}                                                  -
DO vat    do.rnc            \d{9}                                                         -
CR vat    cr.cpj            [234]\d{9}                                                    -
GT vat    gt.nit            \d{7,8}[\dK]                                                 -
SV vat    sv.nit            \d{14}                                                        -
US org    us.ein            \d{9}                                                         -
CA vat    ca.bn             \d{9}(?:R[TPCM]\d{4})?                                       -
AU vat    au.abn            \d{11}                                                        -
AU org    au.acn            \d{9}                                                         -
NZ vat    nz.ird            \d{8,9}                                                       -
NZ org    ean               9429\d{9}                                                     -
IN vat    in_.gstin         \d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[\dA-Z]                     -
IN org    in_.pan           [A-Z]{5}\d{4}[A-Z]                                            -
SG org    sg.uen            \d{8}[A-Z]|[12]\d{8}[A-Z]|[STR]\d{2}[A-Z]{2}\d{4}[A-Z]     -
TH vat    th.tin            \d{13}                                                        -
ID vat    id.npwp           \d{15}|0\d{15}                                               -
VN vat    vn.mst            \d{10}(?:\d{3})?                                             -
JP vat    jp.cn             [1-9]\d{12}                                                   T
KR vat    kr.brn            \d{10}                                                        -
CN vat    cn.uscc           [1-9A-HJ-NP-Y][1-59]\d{6}[\dA-HJ-NP-Y]{10}                   -
TW vat    tw.ubn            \d{8}                                                         -
IL org    il.hp             5\d{8}                                                        -
ZA vat    za.tin            [0-39]\d{9}                                                   -
KE vat    ke.pin            [AP]\d{9}[A-Z]                                                -
MA org    ma.ice            \d{15}                                                        -
TN vat    tn.mf             \d{7}[A-Z][ABDNP][CMNP]\d{3}                                 -
GN vat    gn.nifp           \d{9}                                                         -
FR org    fr.siren          \d{9}                                                         -
FR org    fr.siret          \d{14}                                                        -
SE org    se.orgnr          [2-9]\d{9}                                                    -
PL org    pl.regon          \d{9}|\d{14}                                                 -
EE org    ee.registrikood   \d{8}                                                         -
IT org    it.codicefiscale  [A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]               -
DE person de.idnr           [1-9]\d{10}                                           -
"""
# Shapes without check digits that python-stdnum knows or that are printed. Source: the tax authority of each country.
_UNCHECKED = r"""
MY vat    -                 [A-Z]\d{2}\d{4}\d{8}                                        -
MY vat    -                 00\d{10}                                                      -
MY org    -                 (?:19|20)\d{2}0[1-6]\d{6}                                    -
MY org    -                 (?:C|CS|IG|SG|OG|D|E)\d{10,11}                                -
SG vat    -                 M[\dBCFPRSTUX]\d{7}[\dA-Z]                                  -
ZA vat    -                 4\d{9}                                                        -
PH vat    -                 \d{9}(?:0\d{2,4})                                            -
AE vat    -                 1\d{14}                                                       -
SA vat    -                 3\d{13}3                                                      -
OM vat    -                 OM\d{10}                                                      -
BH vat    -                 2\d{14}                                                       -
EG vat    eg.tn             \d{9}                                                         -
NG vat    -                 \d{8}0001                                                     -
KZ org    -                 \d{12}                                                        -
"""


def _schemes(table: str) -> list[Scheme]:
    schemes = []
    for line in table.strip().splitlines():
        country, kind, module, shape, prefixes = line.split()
        schemes.append(
            Scheme(
                country=country,
                kind=kind,
                module=None if module == "-" else module,
                shape=re.compile(shape),
                prefixes=() if prefixes == "-" else tuple(prefixes.split(",")),
            )
        )
    return schemes


@cache
def all_schemes() -> tuple[Scheme, ...]:
    """Every scheme; those with check digits come first."""
    return tuple(_schemes(_EU_VAT + _OTHERS.lstrip("\n")) + _schemes(_UNCHECKED))


@cache
def by_prefix() -> dict[str, tuple[Scheme, ...]]:
    """The schemes of each printed prefix."""
    found: dict[str, list[Scheme]] = {}
    for scheme in all_schemes():
        for prefix in scheme.prefixes:
            found.setdefault(prefix, []).append(scheme)
    return {prefix: tuple(schemes) for prefix, schemes in found.items()}
