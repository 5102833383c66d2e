"""E-invoices for tests: XML of each format, and PDFs that carry it."""

from io import BytesIO
from typing import Any

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


def _pack(writer: Any) -> None:
    """Compress the embedded file."""
    from pypdf.generic import StreamObject

    for number, entry in enumerate(writer._objects):
        if isinstance(entry, StreamObject) and entry.get("/Type") == "/EmbeddedFile":
            writer._objects[number] = entry.flate_encode()


def with_attachment(name: str, content: bytes, *, annotation: bool = False, packed: bool = False) -> bytes:
    """A PDF with an embedded file, in the tree of names or in an annotation of its page."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

    writer = PdfWriter(clone_from=PdfReader(BytesIO(text_pdf([[(20, 150, "Invoice U-1 of 119.00")]]))))
    if not annotation:
        writer.add_attachment(name, content)
        if packed:
            _pack(writer)
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


KSEF = """<Faktura xmlns="http://crd.gov.pl/wzor/2025/06/25/13775/">
  <Naglowek><KodFormularza kodSystemowy="FA (3)" wersjaSchemy="1-0E">FA</KodFormularza>
    <WariantFormularza>3</WariantFormularza></Naglowek>
  <Podmiot1><DaneIdentyfikacyjne><NIP>5260250274</NIP><Nazwa>Wiatrak sp. z o.o.</Nazwa></DaneIdentyfikacyjne>
    <Adres><KodKraju>PL</KodKraju><AdresL1>ul. Polna 7</AdresL1><AdresL2>00-950 Warszawa</AdresL2></Adres></Podmiot1>
  <Podmiot2><DaneIdentyfikacyjne><KodUE>DE</KodUE><NrVatUE>136695976</NrVatUE><Nazwa>Nordwind GmbH</Nazwa>
  </DaneIdentyfikacyjne></Podmiot2>
  <Fa><KodWaluty>EUR</KodWaluty><P_1>2026-03-04</P_1><P_2>FV/7/2026</P_2>
    <P_13_1>{sign}100.00</P_13_1><P_14_1>{sign}23.00</P_14_1><P_14_1W>{sign}98.90</P_14_1W>
    <P_13_2>{sign}50.00</P_13_2><P_14_2>{sign}4.00</P_14_2><P_13_7>{sign}10.00</P_13_7><P_15>{sign}187.00</P_15>
    <RodzajFaktury>{kind}</RodzajFaktury>
    <FaWiersz><NrWierszaFa>1</NrWierszaFa><P_7>Kabel</P_7><P_8A>szt.</P_8A><P_8B>2</P_8B><P_9A>50.00</P_9A>
      <P_11>100.00</P_11><P_12>23</P_12></FaWiersz>
    <FaWiersz><NrWierszaFa>1</NrWierszaFa><P_7>Kabel</P_7><P_11>120.00</P_11><StanPrzed>1</StanPrzed></FaWiersz>
    <FaWiersz><NrWierszaFa>2</NrWierszaFa><P_7>Listwa</P_7><P_8B>1</P_8B><P_9B>54.00</P_9B><P_11A>54.00</P_11A></FaWiersz>
    <Rozliczenie><DoZaplaty>180.00</DoZaplaty></Rozliczenie>
    <Platnosc><TerminPlatnosci><Termin>2026-05-04</Termin></TerminPlatnosci>
      <TerminPlatnosci><Termin>2026-04-04</Termin></TerminPlatnosci></Platnosc>
    <WarunkiTransakcji><Zamowienia><NrZamowienia>Z-9</NrZamowienia></Zamowienia></WarunkiTransakcji>
  </Fa></Faktura>"""

FACTURAE_INVOICE = """<Invoice>
  <InvoiceHeader><InvoiceNumber>{number}</InvoiceNumber><InvoiceSeriesCode>A26</InvoiceSeriesCode>
    <InvoiceDocumentType>FC</InvoiceDocumentType><InvoiceClass>{kind}</InvoiceClass></InvoiceHeader>
  <InvoiceIssueData><IssueDate>2026-03-04</IssueDate><InvoiceCurrencyCode>EUR</InvoiceCurrencyCode></InvoiceIssueData>
  <TaxesOutputs><Tax><TaxTypeCode>01</TaxTypeCode><TaxRate>21.00</TaxRate>
    <TaxableBase><TotalAmount>{sign}1000.00</TotalAmount></TaxableBase>
    <TaxAmount><TotalAmount>{sign}210.00</TotalAmount></TaxAmount></Tax></TaxesOutputs>
  <TaxesWithheld><Tax><TaxTypeCode>04</TaxTypeCode><TaxRate>15.00</TaxRate>
    <TaxableBase><TotalAmount>{sign}1000.00</TotalAmount></TaxableBase></Tax></TaxesWithheld>
  <InvoiceTotals><TotalGrossAmount>{sign}1000.00</TotalGrossAmount>
    <TotalGrossAmountBeforeTaxes>{sign}1000.00</TotalGrossAmountBeforeTaxes><TotalTaxOutputs>{sign}210.00</TotalTaxOutputs>
    <TotalTaxesWithheld>{sign}150.00</TotalTaxesWithheld><InvoiceTotal>{sign}1060.00</InvoiceTotal>
    <TotalOutstandingAmount>{sign}1060.00</TotalOutstandingAmount><TotalExecutableAmount>{sign}1060.00</TotalExecutableAmount>
  </InvoiceTotals>
  <Items><InvoiceLine><ItemDescription>Servicio</ItemDescription><Quantity>10.0</Quantity>
    <UnitPriceWithoutTax>110.000000</UnitPriceWithoutTax><TotalCost>1100.00</TotalCost><GrossAmount>1000.00</GrossAmount>
    <TaxesOutputs><Tax><TaxRate>21.00</TaxRate></Tax></TaxesOutputs><ArticleCode>S-1</ArticleCode></InvoiceLine></Items>
  <PaymentDetails><Installment><InstallmentDueDate>2026-04-03</InstallmentDueDate>
    <InstallmentAmount>1060.00</InstallmentAmount></Installment></PaymentDetails>
</Invoice>"""
FACTURAE = """<fe:Facturae xmlns:fe="http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml">
  <FileHeader><SchemaVersion>3.2.2</SchemaVersion></FileHeader>
  <Parties><SellerParty><TaxIdentification><PersonTypeCode>F</PersonTypeCode>
      <TaxIdentificationNumber>12345678Z</TaxIdentificationNumber></TaxIdentification>
    <Individual><Name>Ana</Name><FirstSurname>Ruiz</FirstSurname><SecondSurname>Gil</SecondSurname>
      <AddressInSpain><Address>Calle Mayor 1</Address><PostCode>28013</PostCode><Town>Madrid</Town>
        <Province>Madrid</Province><CountryCode>ESP</CountryCode></AddressInSpain></Individual></SellerParty>
    <BuyerParty><TaxIdentification><TaxIdentificationNumber>A28015865</TaxIdentificationNumber></TaxIdentification>
      <LegalEntity><CorporateName>Puerto S.A.</CorporateName><TradeName>Puerto</TradeName></LegalEntity></BuyerParty></Parties>
  <Invoices>{invoices}</Invoices></fe:Facturae>"""

CII = """<r:CrossIndustryInvoice xmlns:r="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100" xmlns="urn:ram">
  <r:ExchangedDocumentContext><GuidelineSpecifiedDocumentContextParameter><ID>{profile}</ID>
  </GuidelineSpecifiedDocumentContextParameter></r:ExchangedDocumentContext>
  <r:ExchangedDocument><ID>C-1</ID><TypeCode>380</TypeCode>
    <IssueDateTime><DateTimeString format="102">20260304</DateTimeString></IssueDateTime></r:ExchangedDocument>
  <r:SupplyChainTradeTransaction>
    <IncludedSupplyChainTradeLineItem><SpecifiedTradeProduct><Name>Brett</Name></SpecifiedTradeProduct>
      <SpecifiedLineTradeAgreement><NetPriceProductTradePrice><ChargeAmount>20.00</ChargeAmount>
        <BasisQuantity>2</BasisQuantity></NetPriceProductTradePrice></SpecifiedLineTradeAgreement>
      <SpecifiedLineTradeDelivery><BilledQuantity>9</BilledQuantity></SpecifiedLineTradeDelivery>
      <SpecifiedLineTradeSettlement><SpecifiedTradeSettlementLineMonetarySummation><LineTotalAmount>{line}</LineTotalAmount>
      </SpecifiedTradeSettlementLineMonetarySummation></SpecifiedLineTradeSettlement></IncludedSupplyChainTradeLineItem>
    <ApplicableHeaderTradeAgreement><SellerTradeParty><Name>Holz AG</Name><PostalTradeAddress><PostcodeCode>8000</PostcodeCode>
      <LineOne>Waldweg 3</LineOne><CityName>Zürich</CityName><CountryID>CH</CountryID></PostalTradeAddress></SellerTradeParty>
    </ApplicableHeaderTradeAgreement>
    <ApplicableHeaderTradeSettlement><InvoiceCurrencyCode>CHF</InvoiceCurrencyCode>
      <ApplicableTradeTax><CalculatedAmount>{rate_tax}</CalculatedAmount><BasisAmount>100.00</BasisAmount>
        <RateApplicablePercent>8.10</RateApplicablePercent></ApplicableTradeTax>
      <SpecifiedTradeAllowanceCharge><ChargeIndicator><Indicator>false</Indicator></ChargeIndicator>
        <ActualAmount>{allowance}</ActualAmount></SpecifiedTradeAllowanceCharge>
      <SpecifiedTradeAllowanceCharge><ChargeIndicator><Indicator>true</Indicator></ChargeIndicator>
        <ActualAmount>{charge}</ActualAmount></SpecifiedTradeAllowanceCharge>
      <SpecifiedTradePaymentTerms><DueDateDateTime><DateTimeString format="102">20260501</DateTimeString></DueDateDateTime>
      </SpecifiedTradePaymentTerms>
      <SpecifiedTradePaymentTerms><DueDateDateTime><DateTimeString format="102">20260401</DateTimeString></DueDateDateTime>
      </SpecifiedTradePaymentTerms>
      <SpecifiedTradeSettlementHeaderMonetarySummation><LineTotalAmount>90.00</LineTotalAmount>
        <ChargeTotalAmount>15.00</ChargeTotalAmount><AllowanceTotalAmount>5.00</AllowanceTotalAmount>
        <TaxBasisTotalAmount>{net}</TaxBasisTotalAmount><TaxTotalAmount currencyID="CHF">{tax}</TaxTotalAmount>
        <GrandTotalAmount>{total}</GrandTotalAmount><TotalPrepaidAmount>20.00</TotalPrepaidAmount>
        <RoundingAmount>0.02</RoundingAmount><DuePayableAmount>{due}</DuePayableAmount>
      </SpecifiedTradeSettlementHeaderMonetarySummation></ApplicableHeaderTradeSettlement>
  </r:SupplyChainTradeTransaction></r:CrossIndustryInvoice>"""
CII_VALUES = {
    "profile": "urn:cen.eu:en16931:2017",
    "line": "90.00",
    "rate_tax": "8.10",
    "allowance": "5.00",
    "charge": "15.00",
    "net": "100.00",
    "tax": "8.10",
    "total": "108.10",
    "due": "88.12",
}
"""An invoice in which every sum is right."""


def cii(**changes: str) -> bytes:
    return CII.format(**{**CII_VALUES, **changes}).encode()


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x83]) + size.to_bytes(3, "big")
    return bytes([tag]) + length + content


def _ber(tag: int, *parts: bytes) -> bytes:
    """An element of indefinite length."""
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"


def signed(content: bytes | None, *, streamed: bool = False) -> bytes:
    """A CMS signed message without certificates. `streamed`: indefinite lengths, content in pieces. None: detached."""
    element = _ber if streamed else _der
    octets: tuple[bytes, ...] = ()
    if content is not None:
        pieces = [content[start : start + 100] for start in range(0, len(content), 100)]
        whole = _ber(0x24, *(_der(0x04, piece) for piece in pieces)) if streamed else _der(0x04, content)
        octets = (element(0xA0, whole),)
    data = _der(0x06, bytes.fromhex("2a864886f70d010701"))
    body = element(0x30, _der(0x02, b"\1"), _der(0x31), element(0x30, data, *octets), _der(0x31))
    return element(0x30, _der(0x06, bytes.fromhex("2a864886f70d010702")), element(0xA0, body))
