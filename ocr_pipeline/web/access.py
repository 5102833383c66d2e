"""Who may use a server: its known host names and its token."""

import hmac
import ipaddress
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from ocr_pipeline.errors import ConfigurationError

TOKEN_VARIABLE = "OCR_PIPELINE_TOKEN"  # noqa: S105 - the name of a variable
HOSTS_VARIABLE = "OCR_PIPELINE_ALLOWED_HOSTS"
LOGIN_PATH = "/-/login"
MIN_TOKEN = 16
"""Characters of a token that a person chose."""

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\Z")
_AUTHORITY = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,254})(:(?P<port>[0-9]{1,5}))?\Z")

Authority = tuple[str, int | None]
"""Host name (lower case, no trailing dot; addresses in their shortest form) and port, None if it was not given."""


def authority_of(text: str) -> Authority | None:
    """Host name and port of a `Host` header, or of an origin without its scheme. None if it is malformed."""
    found = _AUTHORITY.match(text)
    if found is None:
        return None
    name = normal_host(found["name"])
    port = int(found["port"]) if found["port"] else None
    return None if name is None or (port is not None and not 0 < port < 65536) else (name, port)


def normal_host(text: str) -> str | None:
    """A host name as it is compared. None if it is neither a name nor an address."""
    name = text.lower()
    if name.startswith("[") or ":" in name:
        name = name.removeprefix("[").removesuffix("]")
    elif name.endswith("."):
        name = name[:-1]
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        # What ends in a number is an address to a browser, in a spelling that it would not send.
        is_name = _NAME.match(name) and not name.rpartition(".")[2].isdigit()
        return name if is_name else None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    name = normal_host(host)
    if name is None:
        return False
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


@dataclass(frozen=True)
class Access:
    """What a server accepts.

    Addresses of this machine's loopback and the name `localhost` are always known. Names matter because of DNS rebinding:
    a page of a foreign name whose owner points that name at 127.0.0.1 has the same origin as the server, as far as the
    browser knows; only the `Host` header tells.
    """

    hosts: frozenset[str] = frozenset()
    """Further host names."""
    listens_everywhere: bool = False
    """Accept the address that a request came in on: a server on 0.0.0.0 has all of the machine's."""
    token: str | None = field(default=None, repr=False)
    """Required from everybody if set."""
    query_paths: frozenset[str] = frozenset()
    """Paths whose GET runs what the query says, such as `/graphql`: only their HTML is served by GET."""

    @classmethod
    def on(
        cls, host: str, hosts: Iterable[str] = (), token: str | None = None, query_paths: Iterable[str] = ()
    ) -> "Access":
        """For a server that listens on `host`.

        Raises:
            ConfigurationError: a host name is malformed, or the token too short.
        """
        names = set()
        for name in (host, *hosts):
            normal = normal_host(name)
            if normal is None:
                raise ConfigurationError(
                    f"{name!r} is not a host name; give names like invoices.example.com, without scheme and port."
                )
            names.add(normal)
        if token is not None and not (token.isascii() and token.isprintable() and len(token) >= MIN_TOKEN):
            raise ConfigurationError(
                f"{TOKEN_VARIABLE} must have at least {MIN_TOKEN} characters, all of them printable ASCII."
            )
        everywhere = {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
        return cls(frozenset(names - everywhere), bool(names & everywhere), token, frozenset(query_paths))

    def knows(self, host: str, server: str | None) -> bool:
        """Whether a request may name the server `host`; `server` is the address that it came in on."""
        if host in self.hosts or is_loopback(host):
            return True
        return self.listens_everywhere and server is not None and host == normal_host(server)

    @property
    def cookie(self) -> str:
        """The name of the login cookie: another one for each token, because ports of a host share their cookies."""
        return f"ocr_pipeline_{self._digest('name')[:12]}"

    @property
    def cookie_value(self) -> str:
        """Derived from the token: a leaked cookie does not tell the token."""
        return self._digest("value")

    def _digest(self, purpose: str) -> str:
        return hmac.new((self.token or "").encode(), purpose.encode(), sha256).hexdigest()

    def is_token(self, given: str) -> bool:
        """Compare in constant time."""
        return self.token is not None and same(given, self.token)

    def admits(self, cookies: Iterable[str], authorization: Iterable[str]) -> bool:
        """Whether the headers `Cookie` or `Authorization` (`Bearer TOKEN`) prove a login."""
        if self.token is None:
            return True
        for header in authorization:
            scheme, _, given = header.partition(" ")
            if scheme.lower() == "bearer" and self.is_token(given.strip()):
                return True
        given_cookies = [part.strip().partition("=") for header in cookies for part in header.split(";")]
        return any(name == self.cookie and same(value, self.cookie_value) for name, _, value in given_cookies)


def same(given: str, expected: str) -> bool:
    """Whether both are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(sha256(given.encode()).digest(), sha256(expected.encode()).digest())


def new_token() -> str:
    """A random token of 256 bits."""
    return secrets.token_urlsafe(32)
