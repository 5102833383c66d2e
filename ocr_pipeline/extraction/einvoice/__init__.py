"""The extractor `einvoice`: the XML of an e-invoice as a reading, without looking at the page.

`documents/einvoice` finds and parses the XML; here it becomes an extraction whose evidence is the elements of the XML.
"""
