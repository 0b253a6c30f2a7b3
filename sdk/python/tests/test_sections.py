import json

from toril_plugin.build.sections import producers, uses


def test_a_component_says_what_made_it_in_a_custom_section_of_its_own():
    section = producers()
    kind, size, body = section[0], section[1], section[2:]
    assert (kind, size) == (0, len(body))
    assert body.startswith(b"\x09producers\x02\x08language\x01\x06Python\x00\x0cprocessed-by\x01\x0fcomponentize-py")


def test_a_component_that_connects_to_servers_says_what_it_uses():
    section = uses(["toril:plugin/postgres@0.2.0", "toril:plugin/job-context@0.2.0"])
    assert section[0] == 0
    name, content = section.split(b"{", 1)
    assert name.endswith(b"\x0atoril:uses")
    used = ["toril:plugin/job-context@0.2.0", "toril:plugin/postgres@0.2.0", "wasi:sockets/tcp-create-socket@0.2.0"]
    assert json.loads(b"{" + content) == {"interfaces": used}
