"""E-invoices for tests: XML of each format, and PDFs that carry it."""

from io import BytesIO

from ocr_pipeline_tests.files import text_pdf

CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
UBL = f"""<{{root}} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{{root}}-2" xmlns:c="{CBC}">
  <c:ID>U-1</c:ID><c:IssueDate>2026-03-04Z</c:IssueDate>
  {{code}}<c:DocumentCurrencyCode>EUR</c:DocumentCurrencyCode>
  <AccountingSupplierParty><Party>
    <PartyName><c:Name>Nordwind</c:Name></PartyName>
    <PostalAddress><c:StreetName>Hafen 1</c:StreetName><c:CityName>Kiel</c:CityName>
      <c:PostalZone>24103</c:PostalZone></PostalAddress>
    <PartyTaxScheme><c:CompanyID>20/123</c:CompanyID><TaxScheme><c:ID>FC</c:ID></TaxScheme></PartyTaxScheme>
    <PartyTaxScheme><c:CompanyID>DE123456789</c:CompanyID><TaxScheme><c:ID>VAT</c:ID></TaxScheme></PartyTaxScheme>
    <PartyLegalEntity><c:RegistrationName>Nordwind GmbH</c:RegistrationName></PartyLegalEntity>
  </Party></AccountingSupplierParty>
  <PaymentMeans><c:PaymentDueDate>2026-04-03+01:00</c:PaymentDueDate></PaymentMeans>
  <TaxTotal><c:TaxAmount currencyID="SEK">209.00</c:TaxAmount></TaxTotal>
  <TaxTotal><c:TaxAmount currencyID="EUR">19.00</c:TaxAmount>
    <TaxSubtotal><c:TaxableAmount currencyID="EUR">100.00</c:TaxableAmount><c:TaxAmount currencyID="EUR">19.00</c:TaxAmount>
      <TaxCategory><c:Percent>19</c:Percent></TaxCategory></TaxSubtotal></TaxTotal>
  <LegalMonetaryTotal><c:TaxExclusiveAmount>100.00</c:TaxExclusiveAmount><c:TaxInclusiveAmount>119.00</c:TaxInclusiveAmount>
    <c:PayableAmount>119.00</c:PayableAmount></LegalMonetaryTotal>
  <{{line}}Line><c:{{quantity}}Quantity>200</c:{{quantity}}Quantity><c:LineExtensionAmount>100.00</c:LineExtensionAmount>
    <Item><c:Name>Screws</c:Name></Item>
    <Price><c:PriceAmount>50.00</c:PriceAmount><c:BaseQuantity>100</c:BaseQuantity></Price></{{line}}Line>
</{{root}}>"""
INVOICE = UBL.format(
    root="Invoice", line="Invoice", quantity="Invoiced", code="<c:InvoiceTypeCode>380</c:InvoiceTypeCode>"
)
CREDIT_NOTE = UBL.format(root="CreditNote", line="CreditNote", quantity="Credited", code="")

BODY = """<FatturaElettronicaBody>
  <DatiGenerali><DatiGeneraliDocumento><TipoDocumento>{kind}</TipoDocumento><Divisa>EUR</Divisa><Data>2026-03-04</Data>
    <Numero>7/A</Numero></DatiGeneraliDocumento></DatiGenerali>
  <DatiBeniServizi><DettaglioLinee><Descrizione>Vite</Descrizione><Quantita>2.00</Quantita><PrezzoUnitario>50.00</PrezzoUnitario>
    <PrezzoTotale>100.00</PrezzoTotale></DettaglioLinee>
    <DatiRiepilogo><AliquotaIVA>22.00</AliquotaIVA><ImponibileImporto>100.00</ImponibileImporto><Imposta>22.00</Imposta></DatiRiepilogo>
  </DatiBeniServizi>
  <DatiPagamento><DettaglioPagamento><DataScadenzaPagamento>2026-04-03</DataScadenzaPagamento><ImportoPagamento>102.00</ImportoPagamento>
  </DettaglioPagamento></DatiPagamento>
</FatturaElettronicaBody>"""
FATTURA = """<p:FatturaElettronica xmlns:p="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2"><FatturaElettronicaHeader>
  <CedentePrestatore><DatiAnagrafici><IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>01234567890</IdCodice></IdFiscaleIVA>
    <CodiceFiscale>RSSMRA80A01H501U</CodiceFiscale><Anagrafica><Nome>Mario</Nome><Cognome>Rossi</Cognome></Anagrafica></DatiAnagrafici>
    <Sede><Indirizzo>Via Roma</Indirizzo><NumeroCivico>5</NumeroCivico><CAP>00100</CAP><Comune>Roma</Comune>
      <Provincia>RM</Provincia></Sede>
  </CedentePrestatore></FatturaElettronicaHeader>{bodies}</p:FatturaElettronica>"""


def with_attachment(name: str, content: bytes, *, annotation: bool = False) -> bytes:
    """A PDF with an embedded file, in the tree of names or in an annotation of its page."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

    writer = PdfWriter(clone_from=PdfReader(BytesIO(text_pdf([[(20, 150, "Invoice U-1")]]))))
    if not annotation:
        writer.add_attachment(name, content)
    else:
        stream = DecodedStreamObject()
        stream.set_data(content)
        file = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Filespec"),
                NameObject("/F"): TextStringObject(name),
                NameObject("/EF"): DictionaryObject({NameObject("/F"): writer._add_object(stream)}),
            }
        )
        note = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"),
                NameObject("/Subtype"): NameObject("/FileAttachment"),
                NameObject("/FS"): writer._add_object(file),
            }
        )
        writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(note)])
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
