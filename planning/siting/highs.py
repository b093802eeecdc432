"""
The one place that talks to HiGHS: a model from sparse arrays, a start, a limit, and an honest reading of the end.

HiGHS looks at the clock and at callbacks between its steps only, and some steps are long: presolve, and the first
relaxation of a mixed-integer model, in which no callback is heard at all. So it runs in a thread of its own, and whoever
calls it off, or has no time left, need not wait for it: it is left alone, and ends when it next looks up.

References
----------
.. [1] Q. Huangfu and J. A. J. Hall, Math. Program. Comput. 10, 119-142, 2018. https://doi.org/10.1007/s12532-017-0130-5
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from planning.siting.checks import Floats
from planning.siting.clock import Clock, Tell

__all__ = ["Model", "Rows", "Solution", "solve_model"]

logger = logging.getLogger(__name__)

_LOOK_S = 0.05  # between two looks whether the run has been called off
_PATIENCE_S = 0.3  # for HiGHS to end by itself when it must, with what it has found
_SMALL = 20_000  # entries up to which no step of HiGHS is long
_LARGEST_COST = 1e6  # costs are scaled below this, so that the solver's absolute tolerances mean something


@dataclass
class Rows:
    """Collect constraints block by block; each block is a set of rows in coordinate form."""

    _row: list[npt.NDArray[np.int64]] = field(default_factory=list)
    _column: list[npt.NDArray[np.int64]] = field(default_factory=list)
    _value: list[Floats] = field(default_factory=list)
    _lower: list[Floats] = field(default_factory=list)
    _upper: list[Floats] = field(default_factory=list)
    count: int = 0

    def add(
        self,
        row: npt.ArrayLike,
        column: npt.ArrayLike,
        value: npt.ArrayLike,
        *,
        n: int,
        lower: npt.ArrayLike = -np.inf,
        upper: npt.ArrayLike = np.inf,
    ) -> None:
        """
        Add a block of constraints ``lower <= A x <= upper``.

        Parameters
        ----------
        row, column, value : array_like, shape (n_entries,)
            Coefficients; rows are counted from 0 within the block.
        n : int
            Rows of the block.
        lower, upper : array_like
            Sides, one for all or one a row.
        """
        rows = np.asarray(row, dtype=np.int64)
        self._row.append(rows + self.count)
        self._column.append(np.asarray(column, dtype=np.int64))
        self._value.append(np.broadcast_to(np.asarray(value, dtype=np.float64), rows.shape))
        self._lower.append(np.broadcast_to(np.asarray(lower, dtype=np.float64), (n,)))
        self._upper.append(np.broadcast_to(np.asarray(upper, dtype=np.float64), (n,)))
        self.count += n

    def matrix(self, n_columns: int) -> tuple[sparse.csr_array, Floats, Floats]:
        """
        Put the blocks together.

        Parameters
        ----------
        n_columns : int
            Variables of the model.

        Returns
        -------
        tuple of csr_array, numpy.ndarray, numpy.ndarray
            Coefficients, lower sides, upper sides.
        """
        if not self._row:
            return sparse.csr_array((0, n_columns)), np.zeros(0), np.zeros(0)
        entries = (np.concatenate(self._value), (np.concatenate(self._row), np.concatenate(self._column)))
        table = sparse.csr_array(entries, shape=(self.count, n_columns))
        return table, np.concatenate(self._lower), np.concatenate(self._upper)


@dataclass(frozen=True)
class Model:
    """
    Minimise ``cost @ x`` under ``rows`` with ``lower <= x <= upper`` and some of ``x`` whole.

    Parameters
    ----------
    cost, lower, upper : numpy.ndarray, shape (n_columns,)
        Objective and sides of the variables.
    whole : numpy.ndarray of bool, shape (n_columns,)
        True for the variables that must be whole.
    rows : Rows
        The constraints.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    whole: npt.NDArray[np.bool_]
    rows: Rows


@dataclass(frozen=True)
class Solution:
    """
    How a solve ended.

    Parameters
    ----------
    status : {"optimal", "stopped", "infeasible"}
        ``stopped`` by the clock or by the caller.
    x : numpy.ndarray or None
        The best point found.
    objective : float
        Its value; inf without one.
    bound : float
        Proven lower bound; -inf where there is none.
    row_dual : numpy.ndarray or None
        Prices of the rows, of a linear model solved to the end.
    """

    status: Literal["optimal", "stopped", "infeasible"]
    x: Floats | None
    objective: float
    bound: float
    row_dual: Floats | None = None


def solve_model(
    model: Model,
    *,
    clock: Clock,
    start: Floats | None = None,
    stop_at: float | None = None,
    tell: Tell | None = None,
) -> Solution:
    """
    Solve a model to a proof, or until the clock stops.

    Parameters
    ----------
    model : Model
        What to solve.
    clock : Clock
        Time left, and the caller's wish to stop.
    start : numpy.ndarray, shape (n_columns,), optional
        A feasible point to begin with (mixed-integer models only).
    stop_at : float, optional
        A point this good is good enough: the search may end there without a proof that it is the best.
    tell : callable, optional
        Hears value and bound on the way (mixed-integer models only), from the thread that HiGHS runs in.

    Returns
    -------
    Solution
        Point, value and proven bound. The bound is the solver's own dual bound, never the value of the point.
    """
    if clock.stopped:
        return Solution("stopped", None, float("inf"), float("-inf"))
    is_mip = bool(model.whole.any())
    scale = max(1.0, float(np.abs(model.cost).max(initial=0.0)) / _LARGEST_COST)
    highs = _load(model, scale, clock, is_mip)
    if stop_at is not None:
        highs.setOptionValue("objective_target", stop_at / scale)
    if start is not None and is_mip:
        given = highspy.HighsSolution()
        given.col_value = list(start)
        highs.setSolution(given)
    if clock.cancel is None and tell is None and highs.getNumNz() <= _SMALL:
        highs.run()
    elif not _run_beside(highs, clock, is_mip, tell, scale):
        return Solution("stopped", None, float("inf"), float("-inf"))
    return _read(highs, model, scale, is_mip)


def _load(model: Model, scale: float, clock: Clock, is_mip: bool) -> Any:
    table, row_lower, row_upper = model.rows.matrix(model.cost.size)
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call, unused-ignore]
    options: dict[str, object] = {
        "output_flag": False,
        "threads": 1,
        "time_limit": clock.left,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 1e-7,
        "mip_feasibility_tolerance": 1e-7,
    }
    for name, value in options.items():
        highs.setOptionValue(name, value)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = model.cost.size, table.shape[0]
    lp.col_cost_ = model.cost / scale
    lp.col_lower_, lp.col_upper_ = model.lower, model.upper
    lp.row_lower_, lp.row_upper_ = row_lower, row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = table.indptr.astype(np.int32)
    lp.a_matrix_.index_ = table.indices.astype(np.int32)
    lp.a_matrix_.value_ = table.data
    if is_mip:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(whole)] for whole in model.whole]
    highs.passModel(lp)
    return highs


def _run_beside(highs: Any, clock: Clock, is_mip: bool, tell: Tell | None, scale: float) -> bool:
    """Run HiGHS in a thread, while the caller is asked here; False where it was left alone."""
    stop, ended = threading.Event(), threading.Event()

    def interrupt(event: Any) -> None:
        if stop.is_set():
            event.interrupt()
        elif is_mip and tell is not None:
            tell(event.data_out.mip_primal_bound * scale, event.data_out.mip_dual_bound * scale)

    for heard in (highs.cbMipInterrupt,) if is_mip else (highs.cbSimplexInterrupt, highs.cbIpmInterrupt):
        heard.subscribe(interrupt)

    failed: list[Exception] = []

    def run() -> None:
        try:
            highs.run()
        except Exception as error:  # noqa: BLE001 - no memory, for one: raised again where the caller hears it
            failed.append(error)
        finally:
            ended.set()

    # not a daemon: a thread that is still in HiGHS when the interpreter goes down would take it down with an error
    threading.Thread(target=run, name="highs").start()
    try:
        while not clock.stopped and not ended.wait(min(_LOOK_S, clock.left)):
            pass
    finally:  # also where the question whether to stop raises an error
        stop.set()
    looked_up = ended.wait(_PATIENCE_S)
    if failed:
        raise failed[0]
    if not looked_up:
        logger.info("HiGHS does not look up: it is left alone")
    return looked_up


def _read(highs: Any, model: Model, scale: float, is_mip: bool) -> Solution:
    ended, info = highs.getModelStatus(), highs.getInfo()
    kinds = highspy.HighsModelStatus
    logger.debug("HiGHS: %s, %d nodes", highs.modelStatusToString(ended), info.mip_node_count)
    if ended in {kinds.kInfeasible, kinds.kUnboundedOrInfeasible}:
        return Solution("infeasible", None, float("inf"), float("inf"))
    proven = ended in {kinds.kOptimal, kinds.kModelEmpty}
    has_point = proven or info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    x: Floats | None = None
    objective = float("inf")
    if has_point:
        x = np.asarray(highs.getSolution().col_value, dtype=np.float64)
        x[model.whole] = np.round(x[model.whole])
        objective = float(model.cost @ x)
    bound = float("-inf")
    if is_mip and np.isfinite(info.mip_dual_bound):
        bound = float(info.mip_dual_bound) * scale
    elif proven and not is_mip:
        bound = float(info.objective_function_value) * scale
    elif proven:
        bound = objective
    dual = np.asarray(highs.getSolution().row_dual) * scale if proven and not is_mip else None
    return Solution("optimal" if proven else "stopped", x, objective, bound, dual)
