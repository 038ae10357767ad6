"""Tests of one `xdist_group` run in one process, so that they share what takes long to start.

pytest-xdist 3.8 tells a group by a name that pytest 9.2 does not take over, and spreads its tests
over all processes without a word (pytest-xdist issue 1386).
"""

from __future__ import annotations

import pytest
from _pytest.nodeid import NodeId


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Names the tests of a group as `--dist loadgroup` looks for: `…::test_name@group`."""
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        groups = {str(mark.args[0]) for mark in item.iter_markers("xdist_group")}
        name = f"@{'_'.join(sorted(groups))}"
        if groups and not item.nodeid.endswith(name):
            item._id = NodeId.parse(item.nodeid + name)
