"""Sections for the end of a component, which `toril plugin inspect` reads."""

import json
from importlib.metadata import version

_CUSTOM = b"\x00"
#: Through this interface a plugin connects to servers.
_SOCKETS = "wasi:sockets/tcp-create-socket@0.2.0"


def uses(interfaces: list[str]) -> bytes:
    """What a plugin that connects to servers uses of the host. Without this section, that would be its imports, and
    those of Python itself would not count."""
    content = json.dumps({"interfaces": sorted([*interfaces, _SOCKETS])}).encode()
    return _section(_text("toril:uses") + content)


def producers() -> bytes:
    """The producers of a component. componentize-py only keeps those of Python itself."""
    fields = {
        "language": {"Python": ""},
        "processed-by": {"componentize-py": version("componentize-py")},
    }
    section = _text("producers") + _number(len(fields))
    for field, values in fields.items():
        section += _text(field) + _number(len(values))
        section += b"".join(_text(name) + _text(number) for name, number in values.items())
    return _section(section)


def _section(content: bytes) -> bytes:
    return _CUSTOM + _number(len(content)) + content


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _number(len(encoded)) + encoded


def _number(number: int) -> bytes:
    """A number as LEB128, WebAssembly's format."""
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
