"""Adds the producers of a component to it. componentize-py only keeps those of Python itself."""

from importlib.metadata import version

_CUSTOM = b"\x00"


def producers() -> bytes:
    """A section for the end of a component."""
    fields = {
        "language": {"Python": ""},
        "processed-by": {"componentize-py": version("componentize-py")},
    }
    section = _text("producers") + _number(len(fields))
    for field, values in fields.items():
        section += _text(field) + _number(len(values))
        section += b"".join(_text(name) + _text(number) for name, number in values.items())
    return _CUSTOM + _number(len(section)) + section


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
