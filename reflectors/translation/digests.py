"""Short fixed-length stand-ins for texts of any length.

Promises: 65 bits of SHA-256, in the characters of a DNS label; parts are delimited by their lengths, so that
("ab", "c") and ("a", "bc") differ; the same parts give the same digest for ever.
"""

import base64
import hashlib

LENGTH = 13  # characters of 5 bits


def digest(*parts: str) -> str:
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    delimited = b"".join(len(part).to_bytes(8, "big") + part for part in encoded)
    enough = hashlib.sha256(delimited).digest()[:10]
    return base64.b32encode(enough)[:LENGTH].decode().lower()
