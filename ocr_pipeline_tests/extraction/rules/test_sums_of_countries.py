"""Totals as invoices and receipts of many countries print them, drawn after public ones."""

import pytest

from ocr_pipeline_tests.extraction.rules.printed import extract

NAMES = {"net": "net_amount", "tax": "total_tax_amount", "total": "total_amount", "due": "amount_due"}
CASES = {
    "danfe": (
        """
  DANFE  NOTA FISCAL ELETRÔNICA  Nº 000.123.456
  BASE DE CÁLCULO DO ICMS   VALOR DO ICMS        VALOR TOTAL DOS PRODUTOS
  1.000,00                  180,00               1.000,00
  VALOR DO FRETE            VALOR DO IPI         VALOR TOTAL DA NOTA
  50,00                     0,00                 1.050,00
""",
        {"total": "1050.00"},
    ),
    "nfce": (
        """
  CUPOM FISCAL   DANFE NFC-e
  Arroz 5kg                    25,90
  Feijão                        8,10
  Qtd. total de itens              2
  Valor total R$               34,00
  Valor a pagar R$             34,00
  Dinheiro                     50,00
  Troco                        16,00
""",
        {"total": "34.00"},
    ),
    "tr e-fatura": (
        """
  e-FATURA   Fatura No: ABC2024000000012   Fatura Tarihi: 12-03-2024
  Sıra No  Mal Hizmet   Miktar   Birim Fiyat   KDV Oranı  Mal Hizmet Tutarı
  1        Kalem        10       50,00 TL      %20        500,00 TL
  Mal Hizmet Toplam Tutarı                        500,00 TL
  Toplam İskonto                                    0,00 TL
  Hesaplanan KDV(%20)                             100,00 TL
  Vergiler Dahil Toplam Tutar                     600,00 TL
  Ödenecek Tutar                                  600,00 TL
""",
        {"net": "500.00", "tax": "100.00", "total": "600.00"},
    ),
    "tr receipt": (
        """
  TARİH : 12/03/2024   FİŞ NO : 0012
  EKMEK            %1        *10,00
  SÜT              %1        *40,00
  TOPKDV                      *0,50
  TOPLAM                     *50,00
  NAKİT                     *100,00
  PARA ÜSTÜ                  *50,00
""",
        {"tax": "0.50", "total": "50.00"},
    ),
    "hu": (
        """
  SZÁMLA   Számla sorszáma: 2024-000123
  Megnevezés      Menny.  Egységár   Nettó érték   ÁFA   Bruttó érték
  Tanácsadás      1       100 000    100 000       27%   127 000
  Összesen                           100 000    27 000   127 000
  Fizetendő összesen:                              127 000 Ft
""",
        {"net": "100000", "tax": "27000", "total": "127000"},
    ),
    "cz": (
        """
  FAKTURA - DAŇOVÝ DOKLAD č. 2024001
  Dodavatel: ABC s.r.o.   Odběratel: XYZ a.s.
  Datum vystavení: 12. 3. 2024   Datum splatnosti: 26. 3. 2024
  Popis             Množství    Cena za MJ    Celkem
  Služby                   1      1 000,00    1 000,00
  Základ daně                                 1 000,00
  DPH 21%                                       210,00
  Zaokrouhlení                                    0,00
  Celkem k úhradě                             1 210,00 Kč
""",
        {"net": "1000.00", "tax": "210.00", "total": "1210.00"},
    ),
    "no": (
        """
  FAKTURA    Fakturanr 123   Fakturadato 12.03.2024   Forfallsdato 26.03.2024
  Beskrivelse          Antall      Pris       MVA      Beløp
  Konsulent                10    900,00       25%   9 000,00
  Sum eks. mva                                      9 000,00
  MVA 25%                                           2 250,00
  Å betale                                         11 250,00
""",
        {"net": "9000.00", "tax": "2250.00", "total": "11250.00"},
    ),
    "fi": (
        """
  LASKU   Laskun numero 123   Päiväys 12.3.2024   Eräpäivä 26.3.2024
  Kuvaus        Määrä    à hinta     ALV %     Yhteensä
  Työ              10      80,00     25,5        800,00
  Veroton yhteensä                               800,00
  ALV 25,5 %                                     204,00
  Maksettava yhteensä                          1 004,00 EUR
""",
        {"net": "800.00", "tax": "204.00", "total": "1004.00"},
    ),
    "dk receipt": (
        """
  Kvittering   Bon nr 12   Dato 12-03-2024
  Kaffe                           35,00
  Kage                            45,00
  I ALT                           80,00
  Heraf moms                      16,00
  Dankort                         80,00
""",
        {"tax": "16.00", "total": "80.00"},
    ),
    "gr": (
        """
  ΤΙΜΟΛΟΓΙΟ ΠΩΛΗΣΗΣ   Αριθμός 12   Ημερομηνία 12/03/2024
  Περιγραφή       Ποσότητα   Τιμή      Αξία
  Υλικά                  2    50,00    100,00
  Καθαρή αξία                          100,00
  ΦΠΑ 24%                               24,00
  Πληρωτέο ποσό                        124,00 €
""",
        {"net": "100.00", "tax": "24.00", "total": "124.00"},
    ),
    "ru": (
        """
  Счет на оплату № 12 от 12 марта 2024 г.
  Поставщик: ООО Ромашка    Покупатель: ООО Лютик
  № Товары (работы, услуги)   Кол-во  Цена      Сумма
  1 Бумага                    10      100,00    1 000,00
  Итого:                                        1 000,00
  В том числе НДС 20%:                            166,67
  Всего к оплате:                               1 000,00
""",
        {"tax": "166.67", "total": "1000.00"},
    ),
    "vn": (
        """
  HÓA ĐƠN GIÁ TRỊ GIA TĂNG   Số: 0000123
  Ngày 12 tháng 03 năm 2024
  Tên hàng hóa     Đơn vị   Số lượng   Đơn giá    Thành tiền
  Máy tính         cái      1        10.000.000   10.000.000
  Cộng tiền hàng:                                 10.000.000
  Thuế suất GTGT: 10%    Tiền thuế GTGT:           1.000.000
  Tổng cộng tiền thanh toán:                      11.000.000
""",
        {"net": "10000000", "tax": "1000000", "total": "11000000"},
    ),
    "mx": (
        """
  Factura  Folio fiscal 123   Fecha de emisión 12/03/2024
  Cantidad  Descripción   Precio unitario   Importe
  1         Servicio      1,000.00          1,000.00
  Subtotal                                 $1,000.00
  IVA 16%                                    $160.00
  Retención ISR 10%                         -$100.00
  Total                                    $1,060.00
""",
        {"net": "1000.00", "tax": "160.00", "total": "1060.00"},
    ),
    "co": (
        """
  Factura electrónica de venta No. FE-12
  Subtotal                      1.000.000
  IVA 19%                         190.000
  Total a pagar                 1.190.000
""",
        {"net": "1000000", "tax": "190000", "total": "1190000"},
    ),
    "cl": (
        """
  FACTURA ELECTRONICA  Nº 123    Fecha Emisión 12/03/2024
  MONTO NETO   $           100.000
  I.V.A. 19%   $            19.000
  TOTAL        $           119.000
""",
        {"net": "100000", "tax": "19000", "total": "119000"},
    ),
    "pe": (
        """
  BOLETA DE VENTA ELECTRONICA  B001-123
  OP. GRAVADA      S/         100.00
  IGV 18%          S/          18.00
  IMPORTE TOTAL    S/         118.00
""",
        {"net": "100.00", "tax": "18.00", "total": "118.00"},
    ),
    "au": (
        """
  Tax Invoice 12   Date 12/03/2024   ABN 51 824 753 556
  Labour                        $200.00
  Subtotal                      $200.00
  GST (10%)                      $20.00
  Total AUD                     $220.00
  Amount Paid                     $0.00
  Balance Due                   $220.00
""",
        {"net": "200.00", "tax": "20.00", "total": "220.00", "due": "220.00"},
    ),
    "au incl": (
        """
  Tax Invoice 12   Date 12/03/2024   ABN 51 824 753 556
  Labour                        $220.00
  TOTAL                         $220.00
  GST included in total          $20.00
""",
        {"tax": "20.00", "total": "220.00"},
    ),
    "uk": (
        """
  VAT Invoice 12   Date 12/03/2024
  Total net                     £200.00
  Total VAT                      £40.00
  Invoice total                 £240.00
""",
        {"net": "200.00", "tax": "40.00", "total": "240.00"},
    ),
    "za": (
        """
  TAX INVOICE INV012    Date 12/03/2024
  Total Exclusive               R1 000.00
  VAT 15%                         R150.00
  Total Inclusive               R1 150.00
""",
        {"net": "1000.00", "tax": "150.00", "total": "1150.00"},
    ),
    "sg": (
        """
  TAX INVOICE 12    Date 12/03/2024   GST Reg No M2-1234567-8
  Total before GST              S$100.00
  9% GST                          S$9.00
  Total after GST               S$109.00
""",
        {"net": "100.00", "tax": "9.00", "total": "109.00"},
    ),
    "ph": (
        """
  SALES INVOICE 12   Date 03/12/2024
  VATable Sales                 1,000.00
  VAT-Exempt Sales                  0.00
  Zero-Rated Sales                  0.00
  VAT Amount                      120.00
  TOTAL AMOUNT DUE              1,120.00
""",
        {"net": "1000.00", "tax": "120.00", "total": "1120.00"},
    ),
    "be": (
        """
  FACTURE N° 12   Date 12/03/2024
  Total HTVA                    100,00 €
  TVA 21%                        21,00 €
  Total TVAC                    121,00 €
""",
        {"net": "100.00", "tax": "21.00", "total": "121.00"},
    ),
    "ch it": (
        """
  Fattura 12   Data 12.03.2024
  Totale IVA esclusa            CHF 100.00
  IVA 8.1%                        CHF 8.10
  Totale IVA inclusa            CHF 108.10
""",
        {"net": "100.00", "tax": "8.10", "total": "108.10"},
    ),
    "us hotel": (
        """
  Guest Folio 12   Arrival 03/10/2024
  Room charge                   200.00
  Room tax                       28.00
  Room charge                   200.00
  Room tax                       28.00
  Total charges                 456.00
  Credit card                  -456.00
  Balance                         0.00
""",
        {"total": "456.00", "due": "0.00"},
    ),
    "utility ch": (
        """
  Rechnung 12   Datum 12.03.2024
  Saldovortrag                    50.00
  Stromlieferung                 100.00
  MWST 8.1%                        8.10
  Total inkl. MWST               108.10
  Zu bezahlen                    158.10
""",
        {"tax": "8.10", "total": "108.10"},
    ),
    "tw": (
        """
  統一發票
  銷售額                         1,000
  營業稅                            50
  總計                           1,050
""",
        {"net": "1000", "tax": "50", "total": "1050"},
    ),
    "cn": (
        """
  增值税普通发票  发票号码 12345678
  货物名称     数量   单价     金额      税率    税额
  纸张         10     100.00   1000.00   13%     130.00
  合计                         ¥1000.00          ¥130.00
  价税合计(大写) 壹仟壹佰叁拾元   (小写) ¥1130.00
""",
        {"net": "1000.00", "tax": "130.00", "total": "1130.00"},
    ),
    "il/ae": (
        """
  TAX INVOICE  فاتورة ضريبية   No 12
  Total before VAT   المجموع قبل الضريبة     1,000.00
  VAT 5%   ضريبة القيمة المضافة                 50.00
  Total AED   الإجمالي                       1,050.00
""",
        {"net": "1000.00", "tax": "50.00", "total": "1050.00"},
    ),
    "ro": (
        """
  FACTURA  Seria ABC nr 12   Data 12.03.2024
  Furnizor: SC ABC SRL    Client: SC XYZ SRL
  Denumirea produselor   U.M.  Cantitate  Preț unitar   Valoare    Valoare TVA
  Hârtie                 buc   10         10,00         100,00         19,00
  Total                                                 100,00         19,00
  Total de plată                                                  119,00 RON
""",
        {"net": "100.00", "tax": "19.00", "total": "119.00"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_sums(name: str) -> None:
    drawing, expected = CASES[name]
    invoice = extract(drawing).invoice
    assert {part: str(getattr(invoice, NAMES[part])) for part in expected} == expected
