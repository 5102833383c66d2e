"""Five layouts of synthetic pages as HTML: letter, modern, receipt, utility bill, form with ruled boxes.

Each returns the page and the keys of the label that it prints; what a page does not print is not labelled.
"""

# ruff: noqa: E501 (lines of HTML)
from collections.abc import Callable
from html import escape

from synthetic_values import Company, Page

BASE = """
* { box-sizing: border-box } body { margin: 0; color: #111; font-size: 10pt; line-height: 1.35 }
table { border-collapse: collapse; width: 100% } td, th { padding: 3pt 5pt; text-align: left; vertical-align: top }
.n, th.n { text-align: right; white-space: nowrap } .b { font-weight: bold } h1 { margin: 0 0 4mm; font-size: 17pt }
.row { display: flex; justify-content: space-between; gap: 10mm }
"""
FONTS = ("'Liberation Sans'", "'Liberation Serif'", "'DejaVu Sans'", "'Liberation Sans Narrow'")
COLOURS = ("#1c4e80", "#7a1f1f", "#2d5d34", "#444", "#5b3a86")
ALL = {
    "document_type", "supplier_name", "supplier_address", "supplier_tax_id", "receiver_name", "invoice_id", "invoice_date",
    "due_date", "currency", "total_amount",
}  # fmt: skip

Layout = Callable[[Page], tuple[str, set[str]]]


def html(page: Page) -> tuple[str, set[str]]:
    """The page and the keys of its label."""
    fonts = f"{page.chance.choice(FONTS)}, 'Noto Sans CJK {'KR' if page.code == 'kr' else 'JP'}', 'Noto Sans Thai', sans-serif"
    body, keys = LAYOUTS[page.layout](page)
    if page.taxes:
        keys |= {"net_amount"} if page.net_prices or page.layout == "receipt" else set()
        keys |= {"total_tax_amount"} if len(page.taxes) == 1 else set()
    return f"<!doctype html><meta charset='utf-8'><style>{BASE} body {{ font-family: {fonts} }}</style>{body}", keys


def _pair(page: Page, term: str, value: str) -> str:
    """`Label: value` as a line."""
    colon = " :" if page.words.get("head") and page.country["language"] == "fr" else ":"
    label = page.say(term)
    return f"{escape(label)}{'' if label.endswith(('.', '№', '#')) and page.chance.random() < 0.5 else colon} {escape(value)}"


def _tax_label(page: Page, name: str, rate: str) -> str:
    form = page.__dict__.setdefault("tax_form", page.chance.choice(["{n} {r}%", "{r}% {n}", "{n} {r} %", "{n} ({r}%)"]))
    return str(form).format(n=name, r=rate)


def _lines(company: Company, *, site: bool = True) -> list[str]:
    return [*company.place, *([f"www.{company.site}"] if site else [])]


def _totals(page: Page, *, pay: bool) -> list[tuple[str, str]]:
    """Rows of the block of sums: label, amount."""
    rows = []
    if page.taxes:
        rows.append((page.say("net"), page.money(page.net)))
        rows += [(_tax_label(page, name, page.percent(rate)), page.money(amount)) for name, rate, amount in page.taxes]
    rows.append((page.say("gross"), page.money(page.total)))
    if pay:
        rows.append((page.say("pay"), page.money(page.total)))
    return rows


def _goods(page: Page, style: str = "") -> str:
    """The table of items: description, quantity, unit price, amount."""
    head = page.say("head")
    cells = "".join(f"<th class='{'n' if place else ''}'>{escape(text)}</th>" for place, text in enumerate(head))
    body = "".join(
        f"<tr><td>{escape(row.text)}</td><td class=n>{row.count}</td><td class=n>{page.number_of(row.price)}</td>"
        f"<td class=n>{page.number_of(row.amount)}</td></tr>"
        for row in page.rows
    )
    return f"<table style='{style}'><tr>{cells}</tr>{body}</table>"


def _sums_table(rows: list[tuple[str, str]], width: str = "80mm") -> str:
    body = "".join(
        f"<tr class='{'b' if place == len(rows) - 1 else ''}'><td>{escape(label)}</td><td class=n>{escape(amount)}</td></tr>"
        for place, (label, amount) in enumerate(rows)
    )
    return f"<table style='width:{width};margin-left:auto;margin-top:4mm'>{body}</table>"


def _identity(company: Company) -> list[str]:
    return [f"{company.tax_label}: {company.tax_id}", *([company.register] if company.register else [])]


def _addressee(page: Page) -> str:
    """The buyer's block; in Japan and Korea the honorific follows the name."""
    term = page.say("to")
    if term in ("御中", "귀하"):
        return f"<div class=b>{escape(page.buyer.name)} {term}</div><div>{escape(' '.join(page.buyer.place))}</div>"
    lines = [page.buyer.name, *page.buyer.place]
    return f"<div>{escape(term)}:</div>" + "".join(f"<div>{escape(line)}</div>" for line in lines)


def letter(page: Page) -> tuple[str, set[str]]:
    seller = page.seller
    phone = f"{page.say('phone')} {seller.phone}"
    sender = "".join(f"<div>{escape(line)}</div>" for line in [*_lines(seller), phone])
    meta = [
        _pair(page, "number", page.number),
        _pair(page, "date", page.on(page.day)),
        _pair(page, "due", page.on(page.due)),
    ]
    bank = (
        [f"IBAN: {seller.iban}"] if seller.iban else [f"{page.say('customer')}: {page.chance.randrange(10**4, 10**6)}"]
    )
    foot = "".join(
        f"<div>{'<br>'.join(escape(line) for line in block)}</div>"
        for block in ([seller.name, *seller.place], _identity(seller), bank)
    )
    title = escape(page.say("invoice"))
    if page.chance.random() < 0.4:
        title += f" {escape(page.number)}"
    extra = f"<p>{escape(page.country['subtitle'])}</p>" if "subtitle" in page.country else ""
    return (
        f"<div style='padding:18mm;height:296mm;position:relative'><div style='text-align:right;margin-bottom:12mm'>"
        f"<div class=b style='font-size:13pt'>{escape(seller.name)}</div>{sender}</div>"
        f"<div style='margin-bottom:14mm'>{_addressee(page)}</div><h1>{title}</h1>{extra}"
        f"<div style='margin-bottom:8mm'>{''.join(f'<div>{line}</div>' for line in meta)}</div>"
        f"{_goods(page)}{_sums_table(_totals(page, pay=page.chance.random() < 0.3))}"
        f"<p style='margin-top:10mm'>{escape(page.say('thanks'))}</p>"
        f"<div class=row style='position:absolute;bottom:12mm;left:18mm;right:18mm;font-size:8pt;border-top:1px solid #888;"
        f"padding-top:2mm'>{foot}</div></div>",
        set(ALL),
    )


def modern(page: Page) -> tuple[str, set[str]]:
    seller, colour = page.seller, page.chance.choice(COLOURS)
    meta = [("number", page.number), ("date", page.on(page.day)), ("due", page.on(page.due))]
    cells = "".join(
        f"<div><div style='color:{colour}'>{escape(page.say(t))}</div><div class=b>{escape(v)}</div></div>"
        for t, v in meta
    )
    own = [*_lines(seller), f"info@{seller.site}", *_identity(seller)]
    sender = f"<div class=b>{escape(seller.name)}</div>" + "".join(f"<div>{escape(line)}</div>" for line in own)
    if "from" in page.words:
        sender = f"<div style='color:{colour}'>{escape(page.say('from'))}</div>{sender}"
    goods = _goods(page, "border-bottom:1px solid #aaa").replace(
        "<tr>", f"<tr style='background:{colour};color:#fff'>", 1
    )
    bank = f"<div>IBAN {escape(seller.iban)}</div>" if seller.iban else ""
    buyer_id = ""
    keys = set(ALL)
    if page.chance.random() < 0.5:
        keys.add("receiver_tax_id")
        buyer_id = f"<div>{escape(page.buyer.tax_label)}: {escape(page.buyer.tax_id)}</div>"
    return (
        f"<div style='padding:14mm'><div class=row style='border-bottom:3px solid {colour};padding-bottom:5mm;margin-bottom:6mm'>"
        f"<div style='font-size:19pt;color:{colour}' class=b>{escape(page.say('invoice'))}</div><div style='text-align:right'>{sender}</div></div>"
        f"<div class=row style='margin-bottom:8mm'><div>{_addressee(page)}{buyer_id}</div></div>"
        f"<div class=row style='margin-bottom:8mm'>{cells}</div>{goods}"
        f"{_sums_table(_totals(page, pay=page.chance.random() < 0.4), '90mm')}"
        f"<div style='margin-top:14mm;color:#555'>{bank}<div>{escape(page.say('thanks'))}</div></div></div>",
        keys,
    )


def utility(page: Page) -> tuple[str, set[str]]:
    seller, colour = page.seller, page.chance.choice(COLOURS)
    first = page.day.replace(day=1)
    customer = f"{page.chance.randrange(10**7, 10**8)}"
    box = [
        _pair(page, "customer", customer), _pair(page, "number", page.number), _pair(page, "date", page.on(page.day)),
        _pair(page, "period", f"{page.on(first)} - {page.on(page.day)}"),
    ]  # fmt: skip
    charges = "".join(
        f"<tr><td>{escape(row.text)}</td><td class=n>{page.number_of(row.amount)}</td></tr>" for row in page.rows
    )
    slip = [
        seller.name,
        *([f"IBAN {seller.iban}"] if seller.iban else []),
        page.money(page.total),
        _pair(page, "number", page.number),
    ]
    own = " · ".join([seller.name, *_lines(seller), seller.phone, *_identity(seller)])
    return (
        f"<div style='padding:14mm'><div class=row><div style='font-size:18pt;color:{colour}' class=b>{escape(seller.name)}</div>"
        f"<div style='font-size:15pt'>{escape(page.say('invoice'))}</div></div>"
        f"<div class=row style='margin:10mm 0'><div>{_addressee(page)}</div>"
        f"<div style='background:#eee;padding:4mm'>{''.join(f'<div>{line}</div>' for line in box)}</div></div>"
        f"<div class=row style='border:2px solid {colour};padding:4mm;margin-bottom:8mm;font-size:13pt'>"
        f"<div>{escape(page.say('pay'))}<div class=b>{escape(page.money(page.total))}</div></div>"
        f"<div>{escape(page.say('due'))}<div class=b>{escape(page.on(page.due))}</div></div></div>"
        f"<table>{charges}</table>{_sums_table(_totals(page, pay=False), '100%')}"
        f"<p style='font-size:7.5pt;color:#444;margin-top:10mm'>{escape(own)}</p>"
        f"<div style='border-top:1px dashed #333;margin-top:10mm;padding-top:4mm'>{'<br>'.join(escape(line) for line in slip)}</div></div>",
        set(ALL),
    )


def form(page: Page) -> tuple[str, set[str]]:
    """Ruled boxes, as tax offices want them: seller beside buyer, sums as the last rows of the table."""
    seller, buyer = page.seller, page.buyer
    left = [seller.name, *seller.place, f"{page.say('phone')} {seller.phone}", *_identity(seller)]
    head = f"{escape(page.say('from'))}<br>" if "from" in page.words else ""
    right = f"{_addressee(page)}<div>{escape(buyer.tax_label)}: {escape(buyer.tax_id)}</div>"
    rule = "border:1px solid #222"
    cells = "".join(f"<td style='{rule}'>{_pair(page, t, v)}</td>" for t, v in
                    (("number", page.number), ("date", page.on(page.day)), ("due", page.on(page.due))))  # fmt: skip
    goods = _goods(page).replace("<td", f"<td style='{rule}'").replace("<th", f"<th style='{rule};background:#eee'")
    totals = "".join(
        f"<tr><td colspan=3 class=n style='{rule}'>{escape(label)}</td><td class=n style='{rule}'>{escape(amount)}</td></tr>"
        for label, amount in _totals(page, pay=False)
    )
    extra = f" / {escape(page.country['subtitle'])}" if "subtitle" in page.country else ""
    first, second = (f"{head}{'<br>'.join(escape(line) for line in left)}", right)
    return (
        f"<div style='padding:13mm'><h1 style='text-align:center'>{escape(page.say('invoice'))}{extra}</h1>"
        f"<table style='margin-bottom:4mm'><tr><td style='{rule};width:50%'>{first}</td><td style='{rule}'>{second}</td></tr></table>"
        f"<table style='margin-bottom:4mm'><tr>{cells}</tr></table>{goods.replace('</table>', totals + '</table>')}"
        f"<p style='font-size:8pt'>{escape(page.say('thanks'))}</p></div>",
        {*ALL, "receiver_tax_id"},
    )


def receipt(page: Page) -> tuple[str, set[str]]:
    seller, cash = page.seller, page.say("cash")
    top = [*seller.place, f"{page.say('phone')} {seller.phone}", f"{seller.tax_label} {seller.tax_id}"]
    rows = ""
    for row in page.rows:
        count = f"{row.count} x {page.number_of(row.price)}" if row.count > 1 else ""
        rows += f"<div>{escape(row.text)}</div>" if count else ""
        rows += (
            f"<div class=row><span>{count or escape(row.text)}</span><span>{page.number_of(row.amount)}</span></div>"
        )
    totals = [] if not (page.net_prices and page.taxes) else [(page.say("net"), page.number_of(page.net))]
    taxes = [(_tax_label(page, n, page.percent(r)), page.number_of(a)) for n, r, a in page.taxes]
    total = (page.say("gross"), page.money(page.total))
    after = [] if page.net_prices or not page.taxes else [(page.say("net"), page.number_of(page.net)), *taxes]
    step = 10 ** max(len(str(int(page.total))) - 1, 1)
    given = (page.total // step + 1) * step
    paid = [(cash, page.number_of(page.total))]
    if page.chance.random() < 0.5:
        paid = [(cash, page.number_of(given)), (page.words["change"], page.number_of(given - page.total))]

    def lines(pairs: list[tuple[str, str]], style: str = "") -> str:
        return "".join(
            f"<div class=row style='{style}'><span>{escape(a)}</span><span>{escape(b)}</span></div>" for a, b in pairs
        )

    clock = f"{page.chance.randrange(8, 21):02}:{page.chance.randrange(60):02}"
    date_line = (
        f"{page.on(page.day)} {clock}" if page.chance.random() < 0.6 else f"{page.say('date')}: {page.on(page.day)}"
    )
    rule = "<div style='border-top:1px dashed #000;margin:2mm 0'></div>"
    body = (
        f"<div style='width:76mm;padding:5mm;font-size:9.5pt' id=slip><div style='text-align:center'>"
        f"<div class=b style='font-size:12pt'>{escape(seller.name)}</div>{''.join(f'<div>{escape(line)}</div>' for line in top)}"
        f"<div class=b style='margin-top:2mm'>{escape(page.say('receipt'))}</div></div>{rule}"
        f"<div>{_pair(page, 'number', page.number)}</div><div>{escape(date_line)}</div>{rule}{rows}{rule}"
        f"{lines(totals)}{lines(taxes) if page.net_prices else ''}{lines([total], 'font-weight:bold;font-size:12pt')}"
        f"{lines(paid)}{rule if after else ''}{lines(after)}{rule}<div style='text-align:center'>{escape(page.say('thanks'))}</div></div>"
    )
    return body, ALL - {"receiver_name", "due_date"}


LAYOUTS: dict[str, Layout] = {"letter": letter, "modern": modern, "receipt": receipt, "utility": utility, "form": form}
