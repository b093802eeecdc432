"""The closure gate as a checklist: each condition with its clause, what was found, the villages, and what people answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from planning.compliance.verdicts import MET, NOT_MET
from planning.errors import PlanningError, Tell, msg
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.citations import cite_gate
from planning.report.words import quantity
from planning.store.gate_answers import GateAnswer, answers_file, read_answers, record_answer
from planning.ui import shell
from planning.ui.jobs import Job
from planning.ui.standards.cells import Basis, Marked, badge_html, cells_html, empty_html
from planning.ui.state import Session, jobs
from planning.ui.waiting import awaited
from planning.ui.workspace import Workspace, edits_key

if TYPE_CHECKING:
    from threading import Event

    from planning.scenario.closure_checklist import Checklist
    from planning.scenario.closure_gate import Condition
    from planning.scenario.county import County

__all__ = ["closure_page"]


def closure_page(workspace: Workspace, here: Session, t: Translator) -> None:
    """Draw the checklist of the chosen school, and a line for each school that the scenario closes."""
    county = workspace.county
    try:
        answers = _answers(county, here)
    except PlanningError as error:
        shell.show_error(error, t)
        answers = {}
    closed = _checked(workspace, here, t)
    codes = _choices(county, closed)
    if not codes:
        st.html(empty_html(t("The county has no school of its own that could be closed.")))
        return
    names = county.schools["name"]
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-bar"):
        code = st.selectbox(
            t("School"), codes, key="closure-school", persist_state="session", width=420,
            format_func=lambda one: t("{name} (closed by this scenario)", name=names[one] or one) if one in closed else str(names[one] or one),
        )  # fmt: skip
    if closed:
        st.html(_overview_html(closed, answers, county, t))
    else:
        st.html(
            empty_html(
                t("The open scenario closes no school. Choose one to see whether it might be closed, or close one on the page Plan.")
            )
        )  # fmt: skip
    if code is None:
        return
    chosen = closed.get(code) or _single(workspace, here, code, t)
    _draw(chosen, answers.get(code, {}), county, here, t)


def _checked(workspace: Workspace, here: Session, t: Translator) -> dict[str, Checklist]:
    """Hold every school that the scenario closes against the gate, in a job."""
    edits = tuple(here.edits)
    if not edits:
        return {}

    def work(tell: Tell, cancel: Event) -> dict[str, Checklist]:
        from planning.scenario.closure_checklist import closed_schools, closure_checklist

        codes = closed_schools(workspace.county, workspace.base, edits)
        found = {}
        for number, code in enumerate(codes):
            tell(number / len(codes), msg("Holding closures against the gate"))
            if cancel.is_set():
                break
            found[code] = closure_checklist(workspace.county, workspace.base, edits, code)
        return found

    def start(*, again: bool) -> Job:
        return jobs().start(f"gate-{workspace.key}-{edits_key(edits)}", work, again=again)

    found: dict[str, Checklist] = awaited(start, t, key="gate", usual_s=5)
    return found


def _single(workspace: Workspace, here: Session, code: str, t: Translator) -> Checklist:
    edits = tuple(here.edits)

    def work(tell: Tell, _: Event) -> Checklist:
        from planning.scenario.closure_checklist import closure_checklist

        tell(0.2, msg("Holding closures against the gate"))
        return closure_checklist(workspace.county, workspace.base, edits, code)

    def start(*, again: bool) -> Job:
        return jobs().start(f"gate-{workspace.key}-{edits_key(edits)}-{code}", work, again=again)

    found: Checklist = awaited(start, t, key="gate-one", usual_s=2)
    return found


def _choices(county: County, closed: Mapping[str, Checklist]) -> list[str]:
    """List the schools: those that the scenario closes, those that the project's questions name, then all others by name."""
    schools = county.schools
    ours = schools[(schools["status"] == "open") & ~schools["in_margin"].astype(bool)]
    asked = [
        code for question in county.project.questions if isinstance(question.close, tuple) for code in question.close
    ]
    every = [*closed, *asked, *ours.sort_values("name").index]
    return [str(code) for code in dict.fromkeys(every) if code in ours.index]


def _answers(county: County, here: Session) -> dict[str, dict[str, GateAnswer]]:
    """Gather what people have answered: in the questions of the project file, and here, which comes before it."""
    found: dict[str, dict[str, GateAnswer]] = {}
    for question in county.project.questions:
        for code, answers in question.gate_answers.items():
            found.setdefault(code, {}).update({gate: GateAnswer(answer) for gate, answer in answers.items()})
    for code, kept in read_answers(answers_file(here.source.project)).items():
        found.setdefault(code, {}).update(kept)
    return found


def _plain(answers: Mapping[str, GateAnswer]) -> dict[str, bool]:
    return {gate: one.answer for gate, one in answers.items()}


def _overview_html(
    closed: Mapping[str, Checklist], answers: Mapping[str, Mapping[str, GateAnswer]], county: County, t: Translator
) -> str:
    from planning.scenario.closure_checklist import with_answers

    rows: list[list[str | Marked | Basis]] = []
    for code, checklist in closed.items():
        held = with_answers(checklist, _plain(answers.get(code, {})))
        school = county.schools.loc[code]
        first = _first(held)
        cited = None if first is None else cite_gate(t, county.pack, first.gate)
        rows.append(
            [
                str(school["name"]) or code,
                str(school["township"]),
                t("{n} pupils", n=t.number(int(held.villages["pupils"].sum()))),
                Marked(_verdict(held.verdict, t), tone=held.verdict),
                "–" if first is None else t.message(first.gate.title.message()),
                "–" if cited is None else Basis(cited, t),
            ]
        )
    heads = [t("School"), t("Township"), t("Who go there today"), t("Result"), t("First condition that stands against it"), t("Document and clause")]  # fmt: skip
    return cells_html(heads, rows, numbers=[2], height=220)


def _first(held: Checklist) -> Condition | None:
    """Give the condition that the verdict rests on; None where nothing stands against the closure."""
    if held.verdict == MET:
        return None
    return next(condition for _, condition in held.conditions if condition.verdict == held.verdict)


def _verdict(verdict: str, t: Translator) -> str:
    return {
        "not_met": t("Blocked"),
        "build_first": t("Build first, then close"),
        "unanswered": t("Waits for answers"),
        "met": t("May be closed"),
    }[verdict]


def _draw(
    checklist: Checklist, answers: Mapping[str, GateAnswer], county: County, here: Session, t: Translator
) -> None:
    from planning.scenario.closure_checklist import with_answers

    held = with_answers(checklist, _plain(answers))
    st.html(_banner(held, county, t))
    shell.section(t("Conditions"), t("in the order of the rules; each names what would stand against the closure"))
    st.html(_conditions_html(held, answers, county, t))
    left, right = st.columns([1, 1.3], gap="medium")
    with left:
        shell.section(t("To be answered by people"), t("kept with the project, with name and date"))
        _answer_form(held, answers, here, t)
    with right:
        shell.section(t("Villages affected"), t("the way today, and to the nearest other school that stands and stays"))
        st.html(_villages_html(held, t))


def _banner(held: Checklist, county: County, t: Translator) -> str:
    first = _first(held)
    if first is None:
        words = t("May be closed: every condition of the gate is met and answered.")
        return f'<div class="pl-note good" role="status"><b>{escape(words)}</b></div>'
    cited = cite_gate(t, county.pack, first.gate)
    source = " ".join(filter(None, (cited.source, cited.number if cited.mark != "T" else "", cited.clause)))
    title = t.message(first.gate.title.message())
    if held.verdict == NOT_MET:
        words = t("Blocked: {rule} ({source})", rule=title, source=source)
    elif held.verdict == "unanswered":
        left = sum(condition.verdict == "unanswered" for _, condition in held.conditions)
        words = t("Nothing computed stands against it; {n} conditions wait for answers of people.", n=t.number(left))
    else:
        words = t("Only once the new schools of the plan stand: {rule} ({source})", rule=title, source=source)
    detail = "" if first.detail is None else f"<br>{escape(t.message(first.detail))}"
    kind = "pl-error" if held.verdict == NOT_MET else "pl-note"
    return (
        f'<div class="{kind}" role="status"><b>{escape(words)}</b> {badge_html(cited.badge, cited.mark)}{detail}</div>'
    )


def _conditions_html(held: Checklist, answers: Mapping[str, GateAnswer], county: County, t: Translator) -> str:
    several = len({stage for stage, _ in held.conditions}) > 1
    words = {
        "met": t("Passes"), "not_met": t("Blocks"), "build_first": t("Build first"), "unanswered": t("To be answered"),
    }  # fmt: skip
    rows: list[list[str | Marked | Basis]] = []
    for stage, condition in held.conditions:
        gate = condition.gate
        cited = cite_gate(t, county.pack, gate)
        title = t.message(gate.title.message())
        found = "–" if condition.detail is None else t.message(condition.detail)
        if gate.decided_by == "user":
            found = _said(answers.get(gate.id), t)
        rows.append(
            [
                *([term(t, stage)] if several else []),
                Marked(title, cited.badge, cited.mark),
                t("computed") if gate.decided_by == "computed" else t("by people"),
                Marked(words[condition.verdict], tone=condition.verdict),
                found,
                Basis(cited, t),
            ]
        )
    heads = [t("What would stand against it"), t("Decided by"), t("Result"), t("Found"), t("Document and clause")]
    return cells_html([*([t("Stage")] if several else []), *heads], rows)


def _said(answer: GateAnswer | None, t: Translator) -> str:
    if answer is None:
        return "–"
    if not answer.by and not answer.on:
        return t("as answered in the project file")
    return t("answered by {by}, {on}", by=answer.by or t("(no name)"), on=answer.on or t("(no date)"))


def _answer_form(held: Checklist, answers: Mapping[str, GateAnswer], here: Session, t: Translator) -> None:
    """Let people answer what no program can compute; an answer is saved as it is given."""
    gates = {
        condition.gate.id: condition.gate for _, condition in held.conditions if condition.gate.decided_by == "user"
    }
    if not gates:
        st.html(empty_html(t("The rule pack asks nothing of people here.")))
        return
    code = held.school_id
    path = answers_file(here.source.project)
    choices = {"": t("Not answered"), "no": t("Does not hold: may go on"), "yes": t("Holds: blocks")}
    for gate_id, gate in gates.items():
        known = answers.get(gate_id)
        key = f"gate-{code}-{gate_id}"
        now = "" if known is None else "no" if known.answer == gate.passes_when else "yes"
        st.session_state[f"{key}-what"] = now
        st.session_state.setdefault(f"{key}-by", known.by if known else "")
        st.session_state.setdefault(f"{key}-on", known.on if known and known.on else dt.date.today().isoformat())

        def save(gate_id: str = gate_id, key: str = key, passes: bool = gate.passes_when) -> None:
            what = st.session_state[f"{key}-what"]
            by, on = str(st.session_state[f"{key}-by"]).strip(), str(st.session_state[f"{key}-on"]).strip()
            answer = GateAnswer(passes if what == "no" else not passes, by[:120], on[:40]) if what else None
            try:
                record_answer(path, code, gate_id, answer)
            except (PlanningError, OSError) as error:
                here.complaint = (
                    error if isinstance(error, PlanningError)
                    else msg("The answer could not be saved in {folder}. Make the folder writable.", folder=path.parent.name)
                )  # fmt: skip

        st.html(f'<div class="pl-ask">{escape(t.message(gate.title.message()))}</div>')
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            st.segmented_control(
                t("Answer"), list(choices), format_func=choices.__getitem__, required=True, key=f"{key}-what",
                on_change=save,
            )  # fmt: skip
            st.text_input(t("Answered by"), key=f"{key}-by", on_change=save, width=130, max_chars=120)
            st.text_input(t("Date"), key=f"{key}-on", on_change=save, width=108, max_chars=40)
    if here.complaint is not None:
        shell.show_error(here.complaint, t)
        here.complaint = None


def _villages_html(held: Checklist, t: Translator) -> str:
    table = held.villages
    if table.empty:
        return empty_html(t("By the allocation nobody goes to this school today."))
    lost = table["beyond"] + table["no_way"] - table["beyond_before"]
    worst = table.assign(lost=lost).sort_values(["lost", "time_after_min"], ascending=False, kind="stable")
    rows: list[list[str | Marked | Basis]] = [
        [
            row["village"],
            term(t, row["band"]),
            t.number(row["pupils"]),
            _way(t, row["distance_before_m"], row["time_before_min"]),
            Marked(_way(t, row["distance_after_m"], row["time_after_min"]), tone="bad" if row["lost"] > 0 else ""),
            row["school_after"] or t("none can be reached"),
            t("{before} → {after}", before=t.number(row["beyond_before"]), after=t.number(row["beyond"] + row["no_way"])),
        ]
        for row in worst.to_dict("records")
    ]  # fmt: skip
    heads = [t("Village"), t("Grades"), t("Pupils"), t("Way today"), t("Way after"), t("Nearest school then"),
             t("Beyond the limit")]  # fmt: skip
    return cells_html(heads, rows, numbers=[2, 3, 4, 6], height=520)


def _way(t: Translator, metres: Any, minutes: Any) -> str:
    if pd.isna(metres):
        return "–"
    return t("{distance}, {time}", distance=quantity(t, float(metres), "m"), time=quantity(t, float(minutes), "min"))
