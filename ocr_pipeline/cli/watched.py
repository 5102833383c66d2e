"""A command under a limit of memory, watched by a process that can still say what happened.

Where an allocation fails, C and C++ libraries abort or crash, and Python gets no word in.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from ocr_pipeline.memory_limit import has_memory_limit

CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP}
NO_LOADER = 127
"""With it, the loader of shared libraries ends a process that has no memory for them."""
_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD}
_FROM_KERNEL = 0x80
"""`si_code` of a signal that the terminal sends to all processes of its group."""
_PR_SET_PDEATHSIG = 1


def run_watched(command: Callable[[], None], crashed: Callable[[], str]) -> None:
    """Call `command`; if the memory of this process is limited, in a child process, whose end becomes that of this process.

    `crashed`: the sentence in place of a crash.
    """
    if not has_memory_limit():
        return command()
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    parent = os.getpid()
    child = os.fork()
    if child:
        sys.exit(_ended(_wait(child), crashed))
    import ctypes

    # Whatever ends the one that watches, SIGKILL included, ends the command.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    return command()


def _wait(child: int) -> int:
    """The status that the child ends with. Signals to this process alone are passed on to it."""
    while True:
        info = signal.sigwaitinfo(_SIGNALS)
        if info.si_signo == signal.SIGCHLD:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return status
        elif info.si_code != _FROM_KERNEL:
            with suppress(ProcessLookupError):
                os.kill(child, info.si_signo)


def _ended(status: int, crashed: Callable[[], str]) -> int:
    """The exit code, after the sentence about a crash. A signal of another kind ends this process, too."""
    code = os.waitstatus_to_exitcode(status)
    if -code in CRASHES or code == NO_LOADER:
        sys.stderr.write(f"Error: {crashed()}\n")
        return 1
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.kill(os.getpid(), -code)
    return code
