"""Fill a new Tryton database with one distributor: company, books, tax, products with prices and stock, parties, users.

Tryton is GPL software; here it is a counterparty, in a process of its own. This script is run by the
Python of Tryton's own environment (`seed.py CONFIG DATABASE`); nothing of Tieout imports it, and it imports nothing of Tieout.
"""

import datetime
import sys
from decimal import Decimal

from proteus import Model, Wizard
from proteus import config as connection

CONFIG, DATABASE = sys.argv[1:3]
PRODUCTS = 20
STOCK = 1000
session = connection.set_trytond(DATABASE, config_file=CONFIG)


def model(name):
    return Model.get(name, config=session)


def one(name, *domain):
    (found,) = model(name).find(list(domain), limit=1)
    return found


def skip_first_steps():
    for item in model("ir.module.config_wizard.item").find([("state", "!=", "done")]):
        item.state = "done"
        item.save()


def company():
    dollar = model("currency.currency")(name="US Dollar", symbol="$", code="USD", numeric_code="840", rounding=Decimal("0.01"), digits=2)
    dollar.rates.new(date=datetime.date(2020, 1, 1), rate=Decimal(1))
    dollar.save()
    model("country.country")(name="United States", code="US", code3="USA", code_numeric="840").save()
    party = model("party.party")(name="Northgate Supply")
    party.save()
    wizard = Wizard("company.company.config", config=session)
    wizard.execute("company")
    wizard.form.party = party
    wizard.form.currency = dollar
    wizard.execute("add")
    session._context = model("res.user").get_preferences(True, {})
    return one("company.company")


def chart(of):
    template = model("ir.model.data").get_id("account.account_template_root_en", session.context)
    wizard = Wizard("account.create_chart", config=session)
    wizard.execute("account")
    wizard.form.account_template = model("account.account.template")(template)
    wizard.form.company = of
    wizard.execute("create_account")
    kinds = {kind: one("account.account", (f"type.{kind}", "=", True), ("company", "=", of.id), ("closed", "!=", True)) for kind in
             ("receivable", "payable", "revenue", "expense")}  # fmt: skip
    wizard.form.account_receivable = kinds["receivable"]
    wizard.form.account_payable = kinds["payable"]
    wizard.form.category_account_expense = kinds["expense"]
    wizard.form.category_account_revenue = kinds["revenue"]
    wizard.execute("create_properties")
    return kinds


def sequence(of, name, kind, prefix=""):
    made = model("ir.sequence.strict")(name=name, company=of, prefix=prefix, sequence_type=one("ir.sequence.type", ("name", "=", kind)))
    made.save()
    return made


def fiscal_year(of, year):
    """Invoice numbers carry the year, so that none ever comes back."""
    made = model("account.fiscalyear")(name=str(year), company=of)
    made.start_date, made.end_date = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    made.move_sequence = sequence(of, f"Moves {year}", "Account Move")
    numbers = made.invoice_sequences[0] if made.invoice_sequences else made.invoice_sequences.new()
    invoices, credits = sequence(of, f"Invoices {year}", "Invoice", f"I{year}-"), sequence(of, f"Credits {year}", "Invoice", f"C{year}-")
    numbers.out_invoice_sequence = numbers.in_invoice_sequence = invoices
    numbers.out_credit_note_sequence = numbers.in_credit_note_sequence = credits
    made.save()
    made.click("create_period")


def tax(of):
    account = one("account.account", ("code", "=", "6.3.6"), ("company", "=", of.id))
    made = model("account.tax")(name="Sales tax 10%", description="Sales tax 10%", type="percentage", rate=Decimal("0.10"), company=of)
    made.invoice_account = made.credit_note_account = account
    made.save()
    return made


def terms_of_payment(of):
    cash = one("account.account", ("code", "=", "1.1.1"), ("company", "=", of.id))
    method = model("account.invoice.payment.method")(name="Bank transfer", company=of, journal=one("account.journal", ("type", "=", "cash")))
    method.credit_account = method.debit_account = cash
    method.save()
    term = model("account.invoice.payment_term")(name="30 days")
    line = term.lines.new(type="remainder")
    line.relativedeltas.new(days=30)
    term.save()
    return term


def products(accounts, sales_tax):
    """SKU-0001 … SKU-0020 at 11.00 … 30.00 a piece; every fifth is sold by the dozen."""
    category = model("product.category")(name="Taxed goods", accounting=True)
    category.account_expense, category.account_revenue = accounts["expense"], accounts["revenue"]
    category.customer_taxes.append(sales_tax)
    category.save()
    piece = one("product.uom", ("symbol", "=", "u"))
    dozen = model("product.uom")(name="Dozen", symbol="dz", category=piece.category, rounding=1.0, digits=0)
    dozen.factor = 12.0
    dozen.save()
    made = []
    for n in range(1, PRODUCTS + 1):
        template = model("product.template")(name=f"Ball bearing {6200 + n}", default_uom=piece, type="goods", salable=True)
        template.list_price, template.account_category = Decimal(10 + n), category
        if n % 5 == 0:
            template.sale_uom = dozen
        product = template.products[0] if template.products else template.products.new()
        product.suffix_code, product.cost_price = f"SKU-{n:04d}", Decimal("6.00")
        template.save()
        made.append(template.products[0])
    return made


def charges(accounts):
    """Freight and discount as Tryton's people book them: services without tax."""
    category = model("product.category")(name="Charges", accounting=True)
    category.account_expense, category.account_revenue = accounts["expense"], accounts["revenue"]
    category.save()
    for code in ("FREIGHT", "DISCOUNT"):
        template = model("product.template")(name=code.title(), default_uom=one("product.uom", ("symbol", "=", "u")), type="service")
        template.salable, template.list_price, template.account_category = True, Decimal(0), category
        product = template.products[0] if template.products else template.products.new()
        product.suffix_code, product.cost_price = code, Decimal(0)
        template.save()


def price_list(of, product):
    """The trade price: a tenth off, but SKU-0002 at 9.99 flat."""
    made = model("product.price_list")(name="Trade", company=of)
    made.price, made.unit = "list_price", "product_default"
    flat = made.lines.new(formula="9.99")
    flat.product, flat.sequence = product, 1
    rest = made.lines.new(formula="list_price * 0.9")
    rest.sequence = 2
    made.save()
    return made


def resale(of):
    """Who sells on what they buy pays no sales tax: one line that answers every tax with none."""
    made = model("account.tax.rule")(name="Resale", kind="sale", company=of)
    made.lines.new()
    made.save()
    return made


def parties(term, trade, exempt):
    for code, name, prices, rule in (
        ("CUST-1", "Lakeside Repair", None, None),
        ("CUST-2", "Meridian Trade", trade, None),
        ("SHOP", "Web shop customers", None, None),
        ("BIGBOX", "BigBox Stores", None, exempt),
        ("HOMEHUB", "HomeHub", None, exempt),
    ):
        party = model("party.party")(name=name, code=code, customer_payment_term=term)
        party.sale_price_list, party.customer_tax_rule = prices, rule
        address = party.addresses[0] if party.addresses else party.addresses.new()
        address.street_single_line, address.postal_code, address.city = "1 Main Street", "10001", "New York"
        address.country = one("country.country")
        party.save()


def opening_stock(of):
    inventory = model("stock.inventory")(location=one("stock.location", ("code", "=", "STO")))
    for product in of:
        line = inventory.lines.new(product=product)
        line.quantity, line.expected_quantity = float(STOCK), 0.0
    inventory.save()
    inventory.click("confirm")


def users(of):
    """Tieout's own user has the rights of the trade; the clerk is the person who changes things behind its back."""
    for name, login, password in (("Tieout", "tieout", "Tieout-Pass-1"), ("Clerk", "clerk", "Clerk-Pass-1")):
        user = model("res.user")(name=name, login=login, password=password)
        user.groups.extend(model("res.group").find([]))
        user.companies.append(model("company.company")(of.id))
        user.company = model("company.company")(of.id)
        user.save()


skip_first_steps()
ours = company()
accounts = chart(ours)
for n in (0, 1):
    fiscal_year(ours, datetime.date.today().year + n)
goods = products(accounts, tax(ours))
charges(accounts)
parties(terms_of_payment(ours), price_list(ours, goods[1]), resale(ours))
opening_stock(goods)
users(ours)
