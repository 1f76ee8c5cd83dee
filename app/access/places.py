"""Where requests come from, as limits count them: a place is a network address, or the network that has many."""

import hashlib
import ipaddress


def place_of(address: str) -> str:
    """What stands for a place in the key of a limit. Hashed: nobody needs to read from there who was here.

    Args:
        address: of the client. Of IPv6, a customer has a whole network (/64) to choose addresses from.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return hidden(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return hidden(str(parsed.ipv4_mapped))
        return hidden(str(ipaddress.IPv6Network((int(parsed), 64), strict=False)))
    return hidden(address)


def hidden(text: str) -> str:
    """What stands for a text in a key: people type passwords into fields for names."""
    return hashlib.sha256(text.encode()).hexdigest()
