"""Makes the ten synthetic delivery notes of examples/delivery_notes: a schema of one's own, with documents and labels."""
