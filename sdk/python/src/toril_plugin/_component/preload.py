"""Modules that the standard library imports only on demand, which is too late in a component, because it has no
files. Importing them while the component is built keeps `datetime.strptime` and the usual encodings working."""

import _strptime  # noqa: F401
import encodings.ascii
import encodings.cp1252
import encodings.idna
import encodings.latin_1
import encodings.punycode
import encodings.utf_16
import encodings.utf_8_sig  # noqa: F401
