"""A cluster that cannot be had is one sentence, at once. What runs on one is tested with who runs it."""

import sys
import time

import pytest

from curation import cluster
from curation.errors import InputError


def test_without_ray_its_installation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"^executor ray: Ray is not installed; install it with"):
        cluster.connect(None, "executor ray")


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9", "[::1]:9", "127.0.0.1:port"])
def test_an_address_where_nothing_listens_is_refused_at_once(address: str) -> None:
    pytest.importorskip("ray", reason="Ray is not installed (extra `ray`)")
    begin = time.monotonic()
    with pytest.raises(InputError, match="nothing answers there .*; start it with ray start"):
        cluster.connect(address, "executor ray")
    assert time.monotonic() - begin < 60  # Ray alone tries for minutes
