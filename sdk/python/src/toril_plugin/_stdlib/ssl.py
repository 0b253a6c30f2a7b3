"""`ssl` of the standard library, in a component. The host encrypts and checks the certificate, so there is no OpenSSL.

A connection of a `tcp` grant is encrypted when it is wrapped, such as after STARTTLS. One of a `tls` grant is encrypted
already, and wrapping it only checks its name. From then on, the socket carries plain bytes to the host.

The host always checks the certificate and its name, with its own CAs and those of `ca` in the plugin's entry. A context
that asks for less gets the same check. What the host cannot do is an error, and not ignored: own CAs, client
certificates, and TLS over anything but a socket.
"""

import os
import socket
from enum import Enum, IntEnum, IntFlag
from typing import Any

from toril_plugin._component import tls as _host

HAS_SNI = True
HAS_ALPN = HAS_NPN = HAS_ECDH = HAS_PSK = HAS_NEVER_CHECK_COMMON_NAME = False
HAS_SSLv2 = HAS_SSLv3 = HAS_TLSv1 = HAS_TLSv1_1 = False
HAS_TLSv1_2 = HAS_TLSv1_3 = True
CHANNEL_BINDING_TYPES: list[str] = []
OPENSSL_VERSION = "none (the host encrypts)"
# Programs compare these with versions that had faults. It is the version whose interface this module has.
OPENSSL_VERSION_INFO = (3, 0, 0, 0, 0)
OPENSSL_VERSION_NUMBER = 0x30000000


class SSLError(OSError):
    """The connection could not be encrypted."""

    library = None
    reason = None


class SSLZeroReturnError(SSLError):
    """Not raised. An ended connection returns no bytes."""


class SSLWantReadError(SSLError):
    """Not raised."""


class SSLWantWriteError(SSLError):
    """Not raised."""


class SSLSyscallError(SSLError):
    """Not raised."""


class SSLEOFError(SSLError):
    """Not raised. The host reports a connection that broke off as an `OSError`."""


class SSLCertVerificationError(SSLError, ValueError):
    """The connection is to another server than the program expects."""


CertificateError = SSLCertVerificationError
socket_error = OSError


class _Method(IntEnum):
    PROTOCOL_TLS = PROTOCOL_SSLv23 = 2
    PROTOCOL_TLSv1_2 = 5
    PROTOCOL_TLS_CLIENT = 16
    PROTOCOL_TLS_SERVER = 17


class VerifyMode(IntEnum):
    """What a context asks for. The host always requires a valid certificate."""

    CERT_NONE = 0
    CERT_OPTIONAL = 1
    CERT_REQUIRED = 2


class VerifyFlags(IntFlag):
    """Have no effect."""

    VERIFY_DEFAULT = 0
    VERIFY_CRL_CHECK_LEAF = 4
    VERIFY_CRL_CHECK_CHAIN = 12
    VERIFY_X509_STRICT = 32
    VERIFY_X509_TRUSTED_FIRST = 32768
    VERIFY_X509_PARTIAL_CHAIN = 524288


class Options(IntFlag):
    """Have no effect. The host has no versions before TLS 1.2, no compression and no renegotiation."""

    OP_LEGACY_SERVER_CONNECT = 4
    OP_IGNORE_UNEXPECTED_EOF = 128
    OP_ENABLE_KTLS = 8
    OP_NO_TICKET = 1 << 14
    OP_NO_COMPRESSION = 1 << 17
    OP_SINGLE_DH_USE = OP_SINGLE_ECDH_USE = OP_NO_SSLv2 = 0
    OP_CIPHER_SERVER_PREFERENCE = 1 << 22
    OP_NO_SSLv3 = 1 << 25
    OP_NO_TLSv1 = 1 << 26
    OP_NO_TLSv1_2 = 1 << 27
    OP_NO_TLSv1_1 = 1 << 28
    OP_NO_TLSv1_3 = 1 << 29
    OP_NO_RENEGOTIATION = 1 << 30
    OP_ALL = 0x80000050


class TLSVersion(IntEnum):
    """Versions of TLS. The host chooses 1.2 or 1.3."""

    MINIMUM_SUPPORTED = -2
    SSLv3 = 768
    TLSv1 = 769
    TLSv1_1 = 770
    TLSv1_2 = 771
    TLSv1_3 = 772
    MAXIMUM_SUPPORTED = -1


class Purpose(Enum):
    """What a context is for. Only clients have TLS here."""

    SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"


# Programs use the names without the classes.
for _kind in (_Method, VerifyMode, VerifyFlags, Options):
    globals().update(_kind.__members__)


def _no(what: str, instead: str = "") -> SSLError:
    return SSLError(f"in a component, {what}{instead and ': '}{instead}")


def _no_datagrams(call: str) -> NotImplementedError:
    return NotImplementedError(f"{call} is not possible on an encrypted socket: use send and recv")


class SSLContext:
    """The settings of connections. Most have no effect, because the host decides."""

    sslsocket_class: Any = None
    sslobject_class: Any = None

    def __init__(self, protocol: int | None = None):
        self.protocol = _Method.PROTOCOL_TLS if protocol is None else _Method(protocol)
        if self.protocol is _Method.PROTOCOL_TLS_SERVER:
            raise _no("there are no TLS servers")
        is_client = self.protocol is _Method.PROTOCOL_TLS_CLIENT
        self.check_hostname = is_client
        self.verify_mode = VerifyMode.CERT_REQUIRED if is_client else VerifyMode.CERT_NONE
        self.verify_flags = VerifyFlags.VERIFY_X509_TRUSTED_FIRST
        self.options = Options.OP_ALL | Options.OP_NO_COMPRESSION
        self.minimum_version = TLSVersion.TLSv1_2
        self.maximum_version = TLSVersion.MAXIMUM_SUPPORTED
        self.hostname_checks_common_name = False
        self.post_handshake_auth = False
        self.keylog_filename = None

    def wrap_socket(
        self,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | bytes | None = None,
        session: Any = None,
    ) -> "SSLSocket":
        """Encrypts a socket of a client. A socket that is not connected is encrypted when it connects."""
        if server_side:
            raise _no("there are no TLS servers")
        if self.check_hostname and not server_hostname:
            raise ValueError("check_hostname requires server_hostname")
        if self.minimum_version > TLSVersion.TLSv1_2:
            raise _no("the host chooses between TLS 1.2 and 1.3")
        return self.sslsocket_class._wrap(self, sock, do_handshake_on_connect, _text(server_hostname))

    def wrap_bio(self, *_: Any, **__: Any) -> Any:
        """Not possible: only the host can encrypt. `asyncio` needs it."""
        raise _no("only a connected socket can be encrypted", "use blocking sockets instead of asyncio")

    def load_default_certs(self, purpose: Purpose = Purpose.SERVER_AUTH) -> None:
        """The host has its own."""

    def set_default_verify_paths(self) -> None:
        """The host has its own."""

    def load_verify_locations(self, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        """Not possible, because the host checks certificates."""
        raise _no("the host checks certificates", "set `ca` in the plugin's entry in queues.toml, and load no CAs here")

    def load_cert_chain(self, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        """Not possible."""
        raise _no("there are no client certificates")

    def set_ciphers(self, ciphers: str) -> None:
        """Has no effect: the host has only ciphers that are considered secure."""

    def set_alpn_protocols(self, protocols: list[str]) -> None:
        """Has no effect. No protocol is selected."""

    def get_ca_certs(self, binary_form: bool = False) -> list:
        """The host's are not known here."""
        return []

    def cert_store_stats(self) -> dict[str, int]:
        """The host's are not known here."""
        return {"x509": 0, "crl": 0, "x509_ca": 0}

    def get_ciphers(self) -> list:
        """The host's are not known here."""
        return []

    def session_stats(self) -> dict[str, int]:
        """The host's are not known here."""
        return {}


class SSLSocket(socket.socket):
    """A socket whose connection the host encrypts."""

    server_side = False
    session = None
    session_reused = False

    @classmethod
    def _wrap(cls, context: SSLContext, sock: socket.socket, is_immediate: bool, name: str | None) -> "SSLSocket":
        if sock.type != socket.SOCK_STREAM:
            raise NotImplementedError("only stream sockets are supported")
        timeout = sock.gettimeout()
        wrapped = cls(sock.family, sock.type, sock.proto, sock.fileno())
        sock.detach()
        wrapped.settimeout(timeout)
        wrapped._context, wrapped.server_hostname = context, name
        wrapped._is_immediate, wrapped._is_encrypted = is_immediate, False
        if is_immediate and wrapped._is_connected():
            wrapped._handshake_or_close()
        return wrapped

    @property
    def context(self) -> SSLContext:
        """The settings."""
        return self._context

    def connect(self, address: Any) -> None:
        """Connects, and encrypts the connection."""
        super().connect(address)
        if self._is_immediate:
            self._handshake_or_close()

    def connect_ex(self, address: Any) -> int:
        """As `connect`, with the number of an error."""
        failed = super().connect_ex(address)
        if not failed and self._is_immediate:
            self._handshake_or_close()
        return failed

    def do_handshake(self, block: bool = False) -> None:
        """Encrypts the connection, and checks that it is to the expected server."""
        if self._is_encrypted:
            return
        try:
            granted = _host.upgrade(self.getsockname(), self.getpeername())
        except _host.Refused as refused:
            raise SSLError(str(refused)) from None
        if self._context.check_hostname and _name(self.server_hostname) != _name(granted):
            raise SSLCertVerificationError(
                f"the connection is to {granted}, and not to {self.server_hostname}: name the server as in the plugin's "
                "entry in queues.toml"
            )
        self._is_encrypted = True

    def send(self, data: Any, flags: int = 0) -> int:
        """Sends bytes, but never before the connection is encrypted."""
        self._check_encrypted()
        return super().send(data, flags)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """As `send`, all of them."""
        self._check_encrypted()
        super().sendall(data, flags)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """As `send`, the content of a file."""
        self._check_encrypted()
        return self._sendfile_use_send(file, offset, count)

    def recv(self, bufsize: int = 1024, flags: int = 0) -> bytes:
        """Receives bytes, but never before the connection is encrypted."""
        self._check_encrypted()
        return super().recv(bufsize, flags)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """As `recv`, into a buffer."""
        self._check_encrypted()
        return super().recv_into(buffer, nbytes, flags)

    def sendto(self, *_: Any) -> int:
        """Not possible."""
        raise _no_datagrams("sendto")

    def sendmsg(self, *_: Any, **__: Any) -> int:
        """Not possible."""
        raise _no_datagrams("sendmsg")

    def recvfrom(self, *_: Any, **__: Any) -> Any:
        """Not possible."""
        raise _no_datagrams("recvfrom")

    def recvfrom_into(self, *_: Any, **__: Any) -> Any:
        """Not possible."""
        raise _no_datagrams("recvfrom_into")

    def recvmsg(self, *_: Any, **__: Any) -> Any:
        """Not possible."""
        raise _no_datagrams("recvmsg")

    def recvmsg_into(self, *_: Any, **__: Any) -> Any:
        """Not possible."""
        raise _no_datagrams("recvmsg_into")

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        """Receives bytes."""
        return self.recv(len) if buffer is None else self.recv_into(buffer, len)

    def write(self, data: Any) -> int:
        """Sends bytes."""
        return self.send(data)

    def pending(self) -> int:
        """The host keeps received bytes, so their number is not known here."""
        return 0

    def getpeercert(self, binary_form: bool = False) -> Any:
        """Nothing. The host has checked the certificate."""
        return None if binary_form else {}

    def selected_alpn_protocol(self) -> None:
        """None was offered."""

    def selected_npn_protocol(self) -> None:
        """None was offered."""

    def cipher(self) -> None:
        """Not known here."""

    def shared_ciphers(self) -> None:
        """Not known here."""

    def compression(self) -> None:
        """There is none."""

    def version(self) -> str | None:
        """At least this one. None before the connection is encrypted."""
        return "TLSv1.2" if self._is_encrypted else None

    def get_channel_binding(self, cb_type: str = "tls-unique") -> None:
        """Not known here."""

    def unwrap(self) -> socket.socket:
        """Not possible: a connection stays encrypted."""
        raise _no("an encrypted connection stays encrypted")

    def dup(self) -> Any:
        """Not possible."""
        raise NotImplementedError("an encrypted socket cannot be copied")

    def _is_connected(self) -> bool:
        try:
            self.getpeername()
        except OSError:
            return False
        return True

    def _handshake_or_close(self) -> None:
        try:
            self.do_handshake()
        except BaseException:
            self.close()
            raise

    def _check_encrypted(self) -> None:
        if not self._is_encrypted:
            raise SSLError("the connection is not encrypted yet: call do_handshake() first")


SSLContext.sslsocket_class = SSLSocket


class SSLObject:
    """Cannot be created. `asyncio` looks for the name."""

    def __init__(self, *_: Any, **__: Any):
        raise _no("only a connected socket can be encrypted")


class MemoryBIO:
    """Cannot be created. `asyncio` looks for the name."""

    def __init__(self, *_: Any, **__: Any):
        raise _no("only a connected socket can be encrypted")


SSLContext.sslobject_class = SSLObject


def _text(name: str | bytes | None) -> str | None:
    return name.decode("ascii") if isinstance(name, bytes) else name


def _name(name: str | None) -> str:
    """A server's name in the form in which names are compared."""
    name = (name or "").removesuffix(".").strip("[]")
    return (name if name.isascii() else name.encode("idna").decode()).lower()


def create_default_context(
    purpose: Purpose = Purpose.SERVER_AUTH, *, cafile: Any = None, capath: Any = None, cadata: Any = None
) -> SSLContext:
    """The settings for a client."""
    if purpose is not Purpose.SERVER_AUTH:
        raise _no("there are no TLS servers")
    context = SSLContext(_Method.PROTOCOL_TLS_CLIENT)
    if cafile or capath or cadata:
        context.load_verify_locations(cafile, capath, cadata)
    return context


def _create_unverified_context(
    protocol: int | None = None,
    *,
    cert_reqs: VerifyMode = VerifyMode.CERT_NONE,
    check_hostname: bool = False,
    purpose: Purpose = Purpose.SERVER_AUTH,
    certfile: Any = None,
    keyfile: Any = None,
    cafile: Any = None,
    capath: Any = None,
    cadata: Any = None,
) -> SSLContext:
    """The settings for a client that checks nothing itself. The host does, nevertheless."""
    context = create_default_context(purpose, cafile=cafile, capath=capath, cadata=cadata)
    if certfile or keyfile:
        context.load_cert_chain(certfile, keyfile)
    context.check_hostname, context.verify_mode = check_hostname, cert_reqs
    return context


_create_default_https_context = create_default_context
_create_stdlib_context = _create_unverified_context


def get_default_verify_paths() -> Any:
    """The host's are not known here."""
    raise _no("the host checks certificates")


def get_server_certificate(*_: Any, **__: Any) -> str:
    """Not possible."""
    raise _no("the host checks certificates, and does not show them")


def RAND_bytes(count: int) -> bytes:
    """Random bytes that nobody can predict."""
    return os.urandom(count)


def RAND_status() -> bool:
    """Whether there are enough of them."""
    return True


def RAND_add(data: Any, entropy: float) -> None:
    """Has no effect."""
