"""Whether the memory of this process is limited. Imported at the start of every command: imports nothing itself."""

import sys


def has_memory_limit() -> bool:
    """Whether this process may use less memory than there is: `ulimit -v` or `ulimit -d`."""
    if sys.platform != "linux":
        return False
    import resource

    limits = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA))
    return any(limit != resource.RLIM_INFINITY for limit in limits)
