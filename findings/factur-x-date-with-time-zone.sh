#!/usr/bin/env bash
# factur-x 7.8: `parse_ubl_cii_xml` cannot parse a date that its own check of the schema accepts.
#
# UBL declares IssueDate as xs:date, which may have a time zone: 2026-03-04Z. Seen: `xml_check_xsd` says True, as it should;
# `parse_ubl_cii_xml` of the same file raises ValueError, because it parses dates with strptime and %Y-%m-%d.
#
# Output seen:
#   2026-03-04: valid True, BT-2 2026-03-04
#   2026-03-04Z: valid True, BT-2 ValueError: unconverted data remains: Z
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check factur-x==7.8
"$folder/venv/bin/python" - <<'PYTHON'
import logging

import facturx

logging.disable(logging.CRITICAL)
XSD = "urn:oasis:names:specification:ubl:schema:xsd:"
PARTY = "<a:Party><a:PartyLegalEntity><c:RegistrationName>{}</c:RegistrationName></a:PartyLegalEntity></a:Party>"
INVOICE = f"""<Invoice xmlns="{XSD}Invoice-2" xmlns:c="{XSD}CommonBasicComponents-2" xmlns:a="{XSD}CommonAggregateComponents-2">
<c:CustomizationID>urn:cen.eu:en16931:2017</c:CustomizationID><c:ID>1</c:ID><c:IssueDate>DATE</c:IssueDate>
<c:InvoiceTypeCode>380</c:InvoiceTypeCode><c:DocumentCurrencyCode>EUR</c:DocumentCurrencyCode>
<a:AccountingSupplierParty>{PARTY.format("A")}</a:AccountingSupplierParty>
<a:AccountingCustomerParty>{PARTY.format("B")}</a:AccountingCustomerParty>
<a:LegalMonetaryTotal><c:LineExtensionAmount currencyID="EUR">100.00</c:LineExtensionAmount>
<c:TaxExclusiveAmount currencyID="EUR">100.00</c:TaxExclusiveAmount><c:TaxInclusiveAmount currencyID="EUR">100.00</c:TaxInclusiveAmount>
<c:PayableAmount currencyID="EUR">100.00</c:PayableAmount></a:LegalMonetaryTotal>
<a:InvoiceLine><c:ID>1</c:ID><c:InvoicedQuantity unitCode="C62">1</c:InvoicedQuantity>
<c:LineExtensionAmount currencyID="EUR">100.00</c:LineExtensionAmount><a:Item><c:Name>X</c:Name></a:Item>
<a:Price><c:PriceAmount currencyID="EUR">100.00</c:PriceAmount></a:Price></a:InvoiceLine>
</Invoice>"""


def parsed(date: str) -> str:
    content = INVOICE.replace("DATE", date).encode()
    valid = facturx.xml_check_xsd(content)
    try:
        found = str(facturx.parse_ubl_cii_xml(content)["BT-2"])
    except ValueError as error:
        found = f"ValueError: {error}"
    return f"{date}: valid {valid}, BT-2 {found}"


lines = [parsed("2026-03-04"), parsed("2026-03-04Z")]
print(*lines, sep="\n")
assert lines == [
    "2026-03-04: valid True, BT-2 2026-03-04",
    "2026-03-04Z: valid True, BT-2 ValueError: unconverted data remains: Z",
], "changed"
PYTHON
