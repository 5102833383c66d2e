"""Tests with real PostgreSQL, S3 and Ray servers: `make test-scale`. They assert counts; times are in `make bench-scale`."""
