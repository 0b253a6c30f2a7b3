from toril_plugin.build.producers import producers


def test_a_component_says_what_made_it_in_a_custom_section_of_its_own():
    section = producers()
    kind, size, body = section[0], section[1], section[2:]
    assert (kind, size) == (0, len(body))
    assert body.startswith(b"\x09producers\x02\x08language\x01\x06Python\x00\x0cprocessed-by\x01\x0fcomponentize-py")
