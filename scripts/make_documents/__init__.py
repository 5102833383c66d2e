"""Makes the bundled demo documents and their labels."""
