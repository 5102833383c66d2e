"""Electronic invoices: CII (ZUGFeRD, Factur-X, XRechnung), UBL (Peppol BIS, XRechnung) and FatturaPA.

Belongs here: finding the XML in a file, parsing it safely, and mapping it to our fields. Does not belong here: copying files
into a project (`importers`).
"""

PACKAGES = ("lxml", "pypdf")
"""What it needs, from the extra `einvoice`."""
