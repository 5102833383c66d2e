#!/usr/bin/env bash
# factur-x 7.8: `xml_check_schematron` says True about every invoice where no Saxon server answers.
#
# The check is made by a server at `saxon_server_url`. Documented: with `saxon_server_raise_if_http_error=False`, the default, a
# failure of the communication is only logged. Seen: the function then returns True, the same as for an invoice that was checked
# and is right, also for one whose amount due (7.00) is not its total (119.00), BR-CO-16. Who needs an answer has to set
# `saxon_server_raise_if_http_error=True`, which raises; the port used here is closed, nothing leaves the machine.
#
# Output seen:
#   default: True
#   raise_if_http_error: RuntimeError
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
<c:CustomizationID>urn:cen.eu:en16931:2017</c:CustomizationID><c:ID>1</c:ID><c:IssueDate>2026-03-04</c:IssueDate>
<c:InvoiceTypeCode>380</c:InvoiceTypeCode><c:DocumentCurrencyCode>EUR</c:DocumentCurrencyCode>
<a:AccountingSupplierParty>{PARTY.format("A")}</a:AccountingSupplierParty>
<a:AccountingCustomerParty>{PARTY.format("B")}</a:AccountingCustomerParty>
<a:LegalMonetaryTotal><c:LineExtensionAmount currencyID="EUR">100.00</c:LineExtensionAmount>
<c:TaxExclusiveAmount currencyID="EUR">100.00</c:TaxExclusiveAmount><c:TaxInclusiveAmount currencyID="EUR">119.00</c:TaxInclusiveAmount>
<c:PayableAmount currencyID="EUR">7.00</c:PayableAmount></a:LegalMonetaryTotal>
<a:InvoiceLine><c:ID>1</c:ID><c:InvoicedQuantity unitCode="C62">1</c:InvoicedQuantity>
<c:LineExtensionAmount currencyID="EUR">100.00</c:LineExtensionAmount><a:Item><c:Name>X</c:Name></a:Item>
<a:Price><c:PriceAmount currencyID="EUR">100.00</c:PriceAmount></a:Price></a:InvoiceLine>
</Invoice>""".encode()
SERVER = "http://127.0.0.1:9/transform"

default = facturx.xml_check_schematron(INVOICE, saxon_server_url=SERVER)
print(f"default: {default}")
raised = "nothing"
try:
    facturx.xml_check_schematron(INVOICE, saxon_server_url=SERVER, saxon_server_raise_if_http_error=True)
except Exception as error:
    raised = type(error).__name__
print(f"raise_if_http_error: {raised}")
assert (default, raised) == (True, "RuntimeError"), "changed"
PYTHON
