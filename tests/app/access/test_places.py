"""What counts as one place."""

from app.access.places import place_of


def test_a_network_of_ipv6_is_one_place() -> None:
    assert place_of("2001:db8::1") == place_of("2001:db8::ffff:1") != place_of("2001:db8:0:1::1")


def test_an_address_of_ipv4_is_one_place_however_it_is_written() -> None:
    assert place_of("192.0.2.7") == place_of("::ffff:192.0.2.7") != place_of("192.0.2.8")


def test_a_place_does_not_show_its_address() -> None:
    assert "192" not in place_of("192.0.2.7")
