"""The module `ssl` of components, over connections of this machine and a host that encrypts nothing."""

import importlib.util
import io
import socket
import sys
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "toril_plugin" / "_stdlib" / "ssl.py"


class Refused(Exception):
    pass


@pytest.fixture
def host(monkeypatch):
    """The calls to the host. `answer` is the granted name, or an exception."""
    module = ModuleType("toril_plugin._component.tls")
    module.Refused, module.calls, module.answer = Refused, [], "smtp.example.com"

    def upgrade(local, remote):
        module.calls.append((local, remote))
        if isinstance(module.answer, Exception):
            raise module.answer
        return module.answer

    module.upgrade = upgrade
    package = ModuleType("toril_plugin._component")
    package.tls = module
    monkeypatch.setitem(sys.modules, "toril_plugin._component", package)
    monkeypatch.setitem(sys.modules, "toril_plugin._component.tls", module)
    return module


@pytest.fixture
def ssl(host):
    spec = importlib.util.spec_from_file_location("toril_ssl", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pair():
    """A socket of a client, and the one of its server."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        yield client, accepted
        accepted.close()
        client.close()


def test_a_wrapped_connection_carries_plain_bytes_after_the_host_has_encrypted_it(ssl, host, pair):
    client, server = pair
    addresses = client.getsockname(), client.getpeername()
    client.settimeout(30)
    wrapped = ssl.create_default_context().wrap_socket(client, server_hostname="SMTP.example.com.")
    with wrapped:
        assert host.calls == [addresses]
        assert client.fileno() == -1
        assert wrapped.gettimeout() == 30
        wrapped.sendall(b"ping")
        assert server.recv(4) == b"ping"
        server.sendall(b"pong\n")
        assert wrapped.makefile("rb").readline() == b"pong\n"
        assert isinstance(wrapped, socket.socket) and wrapped.version() is not None


def test_another_name_than_the_granted_one_is_refused_and_the_connection_closed(ssl, pair):
    client, server = pair
    with pytest.raises(ssl.SSLCertVerificationError, match="to smtp.example.com, and not to other.example.com"):
        ssl.create_default_context().wrap_socket(client, server_hostname="other.example.com")
    assert server.recv(1) == b""


def test_a_context_that_checks_no_name_gets_the_check_of_the_host(ssl, host, pair):
    client, server = pair
    host.answer = Refused("the certificate is not valid")
    with pytest.raises(ssl.SSLError, match="the certificate is not valid"):
        ssl._create_stdlib_context().wrap_socket(client, server_hostname="other.example.com")
    assert server.recv(1) == b""


def test_nothing_is_sent_before_the_connection_is_encrypted(ssl, pair):
    context = ssl.create_default_context()
    wrapped = context.wrap_socket(pair[0], server_hostname="smtp.example.com", do_handshake_on_connect=False)
    with wrapped:
        for send in (wrapped.send, wrapped.sendall, wrapped.write):
            with pytest.raises(ssl.SSLError, match="not encrypted yet"):
                send(b"secret")
        with pytest.raises(ssl.SSLError, match="not encrypted yet"):
            wrapped.sendfile(io.BytesIO(b"secret"))
        wrapped.do_handshake()
        wrapped.sendfile(io.BytesIO(b"secret"))
        wrapped.sendall(b"!")
        assert pair[1].recv(7, socket.MSG_WAITALL) == b"secret!"


def test_nothing_is_received_before_the_connection_is_encrypted(ssl, pair):
    context = ssl.create_default_context()
    wrapped = context.wrap_socket(pair[0], server_hostname="smtp.example.com", do_handshake_on_connect=False)
    with wrapped:
        pair[1].sendall(b"forged")
        for receive in (wrapped.recv, wrapped.read, lambda size: wrapped.recv_into(bytearray(size))):
            with pytest.raises(ssl.SSLError, match="not encrypted yet"):
                receive(6)
        with pytest.raises(ssl.SSLError, match="not encrypted yet"):
            wrapped.makefile("rb").readline()


def test_the_calls_for_datagrams_send_and_receive_nothing(ssl, pair):
    with ssl.create_default_context().wrap_socket(pair[0], server_hostname="smtp.example.com") as wrapped:
        for call in (
            lambda: wrapped.sendto(b"x", wrapped.getpeername()),
            lambda: wrapped.sendmsg([b"x"]),
            lambda: wrapped.recvfrom(1),
            lambda: wrapped.recvfrom_into(bytearray(1)),
            lambda: wrapped.recvmsg(1),
            lambda: wrapped.recvmsg_into([bytearray(1)]),
        ):
            with pytest.raises(NotImplementedError, match="not possible on an encrypted socket"):
                call()


def test_a_socket_that_is_wrapped_first_is_encrypted_when_it_connects(ssl, host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        wrapped = ssl.create_default_context().wrap_socket(socket.socket(), server_hostname="smtp.example.com")
        with wrapped:
            assert host.calls == []
            wrapped.connect(server.getsockname())
            assert len(host.calls) == 1


def test_what_the_host_cannot_do_is_an_error(ssl):
    context = ssl.create_default_context()
    for call in (
        lambda: context.load_verify_locations("ca.pem"),
        lambda: context.load_cert_chain("client.pem"),
        lambda: context.wrap_bio(None, None),
        lambda: ssl.create_default_context(cafile="ca.pem"),
        lambda: ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
        lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        lambda: context.wrap_socket(socket.socket(), server_side=True),
        lambda: ssl.MemoryBIO(),
    ):
        with pytest.raises(ssl.SSLError, match="in a component"):
            call()
    with pytest.raises(ssl.SSLError, match="ca` in the plugin's entry"):
        context.load_verify_locations(cadata="…")
    with pytest.raises(ValueError, match="check_hostname requires"):
        context.wrap_socket(socket.socket())


def test_the_settings_that_programs_change_exist(ssl):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.options |= ssl.OP_NO_SSLv2 | ssl.OP_NO_SSLv3
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    context.load_default_certs()
    assert issubclass(ssl.CertificateError, ssl.SSLError) and issubclass(ssl.SSLError, OSError)
