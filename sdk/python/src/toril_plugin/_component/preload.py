"""Modules that the standard library imports only on demand, which is too late in a component, because it has no
files. Importing them while the component is built keeps `datetime.strptime`, the usual encodings and mails working."""

import sys
from importlib import import_module

import _strptime  # noqa: F401
import encodings.ascii
import encodings.cp1252
import encodings.idna
import encodings.latin_1
import encodings.punycode
import encodings.utf_16
import encodings.utf_8_sig  # noqa: F401

#: What modules import on demand, only for the plugins that have imported these modules.
_ON_DEMAND = {
    "email.message": ["email.generator", "email.iterators", "email.policy"],
    "email.charset": ["email.base64mime", "email.quoprimime"],
}


def complete() -> None:
    """Imports what the plugin's modules import on demand, and prepares those that need it."""
    for module, others in _ON_DEMAND.items():
        if module in sys.modules:
            for other in others:
                import_module(other)
    if "socket" in sys.modules:
        import_module("toril_plugin._component.own_name").install()
