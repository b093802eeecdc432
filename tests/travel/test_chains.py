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
    return contract_chains(ends[:, 0], ends[:, 1], n_nodes)


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
    ],
)
def test_core_by_hand(pairs, n_nodes, core):
    assert contract(pairs, n_nodes).core_node.tolist() == core


@pytest.mark.parametrize("longest", [1, 2, 65])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_arc_and_every_node_has_its_place(longest, data):
    arcs = data.draw(networks())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chains, "LONGEST_CHAIN", longest)
        tails, heads = arcs.tails.astype(np.int64), arcs.heads.astype(np.int64)
        folded = contract_chains(tails, heads, arcs.n_nodes)
    assert sorted(folded.dart_arcs) == np.flatnonzero(tails != heads).tolist()
    dart = np.repeat(np.arange(2 * len(folded.tail)), np.diff(folded.dart_first))
    ends = np.stack((folded.tail, folded.head))
    np.testing.assert_array_equal(tails[folded.dart_arcs], ends[dart % 2, dart // 2])
    np.testing.assert_array_equal(heads[folded.dart_arcs], ends[1 - dart % 2, dart // 2])
    assert np.diff(folded.chain_first).max(initial=0) <= longest
    inside = np.flatnonzero(folded.left >= 0)
    assert sorted([*inside, *folded.core_node]) == list(range(arcs.n_nodes))
    np.testing.assert_array_equal(folded.head[folded.left[inside]], inside)
    np.testing.assert_array_equal(folded.tail[folded.left[inside] + 1], inside)
    # the slots of both directions stand together
    np.testing.assert_array_equal(folded.slot_tail[folded.reverse_slot], folded.slot_head)


def test_sums_along_chains_never_meet_those_of_the_next():
    folded = contract([(0, 1), (1, 2), (2, 3), (2, 4), (2, 5)], 6)
    values = np.array([1.0, np.inf, 4, 8, 16])
    assert folded.prefix_sums(values).tolist() == [1, np.inf, 4, 8, 16]
    assert folded.suffix_sums(values).tolist() == [np.inf, np.inf, 4, 8, 16]
