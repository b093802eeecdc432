"""Contraction of chains: nothing is lost, and the core is what it should be, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_at_random import networks

from planning.travel import chains
from planning.travel.chains import contract_chains


def contract(pairs, n_nodes):
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    return contract_chains(ends[:, 0].copy(), ends[:, 1].copy(), n_nodes)


@pytest.mark.parametrize(
    ("pairs", "n_nodes", "core"),
    [
        pytest.param([(0, 1), (1, 2), (2, 3)], 4, [0, 3], id="a road keeps its ends"),
        pytest.param(
            [(0, 1), (1, 0), (1, 2), (2, 1), (1, 2)], 3, [0, 2], id="both ways and parallels are one neighbour"
        ),
        pytest.param([(0, 1), (0, 2), (0, 3)], 4, [0, 1, 2, 3], id="a star has no chain"),
        pytest.param([(2, 3), (3, 4), (4, 2)], 5, [0, 1, 2], id="a ring keeps its lowest node, lone nodes stay"),
        pytest.param([(0, 1), (1, 2), (2, 3), (3, 1)], 4, [0, 1], id="a lasso"),
        pytest.param([(0, 0), (0, 1), (1, 2), (1, 1)], 3, [0, 2], id="loops count for nothing"),
        pytest.param([], 2, [0, 1], id="no roads"),
    ],
)
def test_core_by_hand(pairs, n_nodes, core):
    assert contract(pairs, n_nodes).core_node.tolist() == core


@pytest.mark.parametrize("longest", [1, 2, 64])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_arc_and_every_node_has_its_place(longest, data):
    arcs = data.draw(networks())
    tails, heads = arcs.tails.astype(np.int64), arcs.heads.astype(np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chains, "LONGEST_CHAIN", longest)
        folded = contract_chains(tails, heads, arcs.n_nodes)
    loops = tails == heads
    np.testing.assert_array_equal(folded.arc_dart < 0, loops)
    dart = folded.arc_dart[~loops]
    ends = np.stack((folded.tail, folded.head))
    np.testing.assert_array_equal(tails[~loops], ends[dart % 2, dart // 2])
    np.testing.assert_array_equal(heads[~loops], ends[1 - dart % 2, dart // 2])
    length = np.diff(folded.chain_first)
    assert length.max(initial=0) <= longest
    np.testing.assert_array_equal(folded.chain, np.repeat(np.arange(len(length)), length))
    inside = np.flatnonzero(folded.left >= 0)
    assert sorted([*inside, *folded.core_node]) == list(range(arcs.n_nodes))
    np.testing.assert_array_equal(folded.head[folded.left[inside]], inside)
    np.testing.assert_array_equal(folded.tail[folded.left[inside] + 1], inside)
    # chains begin and end in the core, and nowhere else
    np.testing.assert_array_equal(folded.core_node[folded.core_of[folded.core_node]], folded.core_node)
    assert (folded.core_of[inside] == -1).all()
    if len(length):
        assert (folded.core_of[folded.tail[folded.chain_first[:-1]]] >= 0).all()
        assert (folded.core_of[folded.head[folded.chain_first[1:] - 1]] >= 0).all()


def test_a_long_road_is_cut_into_equal_runs():
    n = 3 * chains.LONGEST_CHAIN + 5
    folded = contract([(at, at + 1) for at in range(n - 1)], n)
    assert np.diff(folded.chain_first).tolist() == [chains.LONGEST_CHAIN] * 3 + [4]
    assert folded.core_node.tolist() == [0, 64, 128, 192, n - 1] or sorted(folded.core_node) == [0, 64, 128, 192, n - 1]
