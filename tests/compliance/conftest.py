"""What the tests of rules share."""

from __future__ import annotations

import pytest

from planning.standards import RulePack, load_pack


@pytest.fixture(scope="session")
def pack() -> RulePack:
    """Give the mix that a county starts from."""
    return load_pack("cn_county_default")
