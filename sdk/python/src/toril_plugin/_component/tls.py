"""Encrypting connections, over ``toril:plugin/tls``. A connection is known by its two addresses, because Python cannot
give the host the streams of its own sockets."""

from componentize_py_types import Err
from wit_world.imports import tls as host


class Refused(Exception):
    """The connection could not be encrypted. The message says why."""


def upgrade(local: tuple, remote: tuple) -> str:
    """Encrypts a connection, and returns the name of its server in the plugin's entry."""
    try:
        handshake = host.upgrade(_text(local), _text(remote))
    except Err as error:
        raise Refused(error.value) from None
    with handshake:
        # The pollable is dropped before the handshake that it belongs to.
        with handshake.subscribe() as ended:
            ended.block()
        answer = handshake.finish()
    if isinstance(answer, Err):
        raise Refused(answer.value)
    if answer is None:
        raise Refused("the host ended the handshake without an answer")
    return answer.value


def _text(address: tuple) -> str:
    """``127.0.0.1:587`` or ``[::1]:587``."""
    ip, port = address[:2]
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
