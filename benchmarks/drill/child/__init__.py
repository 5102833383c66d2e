"""What runs inside the processes that are drilled: found by `PYTHONPATH`, loaded by Python at start."""
