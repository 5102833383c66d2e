"""The report: a folder of static pages that opens from disk, without a server and without a network."""
