"""Why values are wrong and how far they can be trusted. Does not belong here: what counts as wrong (`scoring`)."""
