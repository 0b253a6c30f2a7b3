from pathlib import Path

import pytest
from toril_plugin.build.interfaces import NoPlugin, used as look

CONTEXT = "toril:plugin/job-context@0.2.0"
SOURCE = Path(__file__).resolve().parents[1] / "src"


def used(folder, source):
    (folder / "some_plugin.py").write_text(source)
    return look("some_plugin", [folder, SOURCE]).interfaces


def test_a_component_imports_no_more_than_the_plugin_uses(tmp_path):
    assert used(tmp_path, "from toril_plugin import Fatal\ndef handle(job): raise Fatal('no')\n") == [CONTEXT]
    source = "from toril_plugin import config\ndef handle(job): return config.get('x')\n"
    assert used(tmp_path, source) == [CONTEXT, "wasi:config/store@0.2.0-rc.1"]


def test_databases_and_encrypted_connections_are_imported_only_by_plugins_that_use_them(tmp_path):
    source = "import socket, smtplib\nfrom toril_plugin import postgres\ndef handle(job): return None\n"
    assert used(tmp_path, source) == [CONTEXT, "toril:plugin/tls@0.2.0", "toril:plugin/postgres@0.2.0"]
    source = "import socket, select, decimal\nfrom toril_plugin import http\ndef handle(job): return None\n"
    assert used(tmp_path, source) == [CONTEXT, "wasi:http/outgoing-handler@0.2.0"]


def test_only_plugins_with_clients_connect_to_servers(tmp_path):
    def connects(source):
        used(tmp_path, source + "\ndef handle(job): return None\n")
        return look("some_plugin", [tmp_path, SOURCE]).connects

    assert connects("import smtplib")
    assert connects("from socket import create_connection as connect")
    (tmp_path / "some_client.py").write_text("import socket as sockets\n")
    assert connects("import some_client")
    # These import sockets themselves.
    assert not connects("import asyncio, email.message, logging.handlers\nfrom toril_plugin import http")


def test_a_module_that_is_no_plugin_is_told_so(tmp_path):
    with pytest.raises(NoPlugin, match="either a function `handle`"):
        used(tmp_path, "x = 1\n")
    with pytest.raises(NoPlugin, match="No module named 'nowhere'"):
        used(tmp_path, "import nowhere\n")
