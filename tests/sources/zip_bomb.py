"""A zip that claims to unpack to 4 GB."""

import struct
import zlib


def zip_bomb(name: str = "roads.shp", size: int = 0xFFFF_FFFE) -> bytes:
    """
    Make it without ever holding what it unpacks to.

    128 MB of zeros are pressed; the directory claims ``size``, which is what is refused before anything is unpacked.
    """
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(1 << 24)
    packed = b"".join([*(press.compress(block) for _ in range(8)), press.flush()])
    stored = name.encode()
    head = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 33, 0, len(packed), size, len(stored), 0) + stored
    entry = struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 33, 0, len(packed), size, len(stored), 0, 0, 0, 0, 0, 0
    )
    entry += stored
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(head) + len(packed), 0)
    return head + packed + entry + end
