"""The dashboards: attendance, no-shows, retention by cohort, points issued; each chart with its table, and as CSV."""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup

from guerdon.core.clock import local_date
from guerdon.core.csv_text import lines
from guerdon.http.access import Principal, requires
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.engagement.activities.service.community import zone_of_community
from guerdon.programs.events.evening_errors import RangeInvalidError
from guerdon.programs.events.pages.profile import KINDS
from guerdon.programs.events.service.figures import (
    Cohort,
    Issued,
    Range,
    Step,
    Turnout,
    cohorts,
    issued,
    kinds_of,
    turnout,
)
from guerdon.web import formats
from guerdon.web.charts import Series, bar_chart, line_chart
from guerdon.web.forms import FormState
from guerdon.web.render import render
from guerdon.web.viewer import current_viewer, viewer_of, viewing

router = APIRouter(prefix="/staff/events/figures")

Reporter = Annotated[Principal, Depends(requires("events:report"))]
WEEKS_SHOWN = 12
SERIES_MAX = 4


@router.get("")
def show(
    request: Request, _who: Reporter, session: SessionDep, clock: ClockDep, since: Text = "", until: Text = ""
) -> Response:
    """The dashboards of a range of days; the last twelve weeks unless asked otherwise."""
    viewer = viewer_of(request)
    today = local_date(clock.now(), zone_of_community(session))
    state = FormState({"since": since, "until": until})
    try:
        chosen = _range(today, since, until)
    except RangeInvalidError as exc:
        state = FormState.refused(state.values, exc, viewer.translator)
        chosen = _range(today, "", "")
    now = clock.now()
    turned = turnout(session, chosen, now)
    grouped = cohorts(session, chosen, now)
    given = issued(session, chosen, now)
    with viewing(viewer):
        context = {
            "chosen": chosen,
            "filters": state,
            "totals": _totals(turned, given),
            "attendance": _attendance(turned, chosen.step),
            "no_shows": _no_shows(turned, chosen.step),
            "retention": _retention(grouped),
            "cohorts": grouped,
            "months_later": range(1, max((len(each.returned) for each in grouped), default=0) + 1),
            "points": _points(given, chosen.step),
            "query": f"since={chosen.first.isoformat()}&until={chosen.last.isoformat()}",
        }
    return render(request, "events/staff/figures.html", context, 422 if state.errors else 200)


class Chart(StrEnum):
    """What there are numbers of."""

    ATTENDANCE = "attendance"
    RETENTION = "retention"
    POINTS = "points"


@router.get("/{name}.csv")
def download(
    name: Chart,
    _who: Reporter,
    session: SessionDep,
    clock: ClockDep,
    since: Text = "",
    until: Text = "",
) -> Response:
    """The numbers behind a chart.

    Raises:
        RangeInvalidError: the days are no range.
    """
    chosen = _range(local_date(clock.now(), zone_of_community(session)), since, until)
    now = clock.now()
    rows: list[Sequence[object]]
    if name is Chart.RETENTION:
        rows = [("first_month", "members", "months_later", "returned")]
        for each in cohorts(session, chosen, now):
            rows += [(each.month, each.size, later, number) for later, number in each.returned.items()]
    elif name is Chart.POINTS:
        rows = [(chosen.step.value, "kind", "points")]
        for period in issued(session, chosen, now):
            rows += [(period.start, kind, points) for kind, points in period.by_kind.items()]
    else:
        rows = [(chosen.step.value, "events", "came", "walk_ins", "absent")]
        rows += [
            (each.start, each.events, each.came, each.walk_ins, each.absent) for each in turnout(session, chosen, now)
        ]
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "private, no-store"}
    return Response(lines(rows), media_type="text/csv; charset=utf-8", headers=headers)


def _range(today: date, since: str, until: str) -> Range:
    last = _day(until) or today
    before = min(timedelta(days=last.weekday() + 7 * (WEEKS_SHOWN - 1)), last - date.min)
    return Range(_day(since) or last - before, last)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _label(start: date, step: Step) -> str:
    return formats.format_date(start, "short") if step is Step.WEEK else f"{start:%Y-%m}"


def _totals(turned: Sequence[Turnout], given: Sequence[Issued]) -> dict[str, object]:
    came = sum(each.came for each in turned)
    absent = sum(each.absent for each in turned)
    registered = came - sum(each.walk_ins for each in turned) + absent
    return {
        "events": sum(each.events for each in turned),
        "came": came,
        "absent_share": absent / registered if registered else None,
        "points": sum(sum(each.by_kind.values()) for each in given),
    }


def _attendance(turned: Sequence[Turnout], step: Step) -> Markup:
    gettext = current_viewer().translator.gettext
    return line_chart(
        gettext("Attendance"),
        [_label(each.start, step) for each in turned],
        [
            Series(gettext("Came"), [each.came for each in turned]),
            Series(gettext("Walk-ins among them"), [each.walk_ins for each in turned]),
        ],
    )


def _no_shows(turned: Sequence[Turnout], step: Step) -> Markup:
    gettext = current_viewer().translator.gettext
    shares = [each.absent_share for each in turned]
    return bar_chart(
        gettext("No-shows among those who had registered"),
        [_label(each.start, step) for each in turned],
        [Series(gettext("No-shows"), [None if share is None else round(share * 100, 1) for share in shares])],
        form=lambda value: formats.percent(float(value) / 100, 1),
    )


def _retention(grouped: Sequence[Cohort]) -> Markup:
    """Of everybody who could come again so many months after their first event, the share that did."""
    gettext = current_viewer().translator.gettext
    months = range(1, max((len(each.returned) for each in grouped), default=0) + 1)
    shares = []
    for later in months:
        there = [each for each in grouped if later in each.returned]
        members = sum(each.size for each in there)
        shares.append(round(100 * sum(each.returned[later] for each in there) / members, 1) if members else None)
    return line_chart(
        gettext("Who came back, by months after their first event"),
        [formats.number(later) for later in months],
        [Series(gettext("Came back"), shares)],
        form=lambda value: formats.percent(float(value) / 100, 1),
    )


def _points(given: Sequence[Issued], step: Step) -> Markup:
    gettext = current_viewer().translator.gettext
    kinds = kinds_of(given)
    named, rest = (kinds, []) if len(kinds) <= SERIES_MAX else (kinds[: SERIES_MAX - 1], kinds[SERIES_MAX - 1 :])
    series = [Series(gettext(KINDS.get(kind, kind)), [each.by_kind.get(kind, 0) for each in given]) for kind in named]
    if rest:
        series.append(Series(gettext("Other"), [sum(each.by_kind.get(kind, 0) for kind in rest) for each in given]))
    return bar_chart(gettext("Points issued"), [_label(each.start, step) for each in given], series)
