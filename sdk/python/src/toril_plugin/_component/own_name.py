"""The name of this machine, as `socket` gives it. A component has none, and programs such as `smtplib` look its address
up, which the host would deny."""

import socket

_NAME = "plugin"
_ADDRESS = "127.0.0.1"
_by_name, _by_address = socket.gethostbyname, socket.gethostbyaddr


def _gethostbyname(name: str) -> str:
    return _ADDRESS if name == _NAME else _by_name(name)


def _gethostbyaddr(address: str) -> tuple[str, list[str], list[str]]:
    return (_NAME, [], [_ADDRESS]) if address in (_NAME, _ADDRESS) else _by_address(address)


def install() -> None:
    """Gives the machine a name that is looked up without the host."""
    socket.gethostname = lambda: _NAME
    socket.gethostbyname = _gethostbyname
    socket.gethostbyaddr = _gethostbyaddr
