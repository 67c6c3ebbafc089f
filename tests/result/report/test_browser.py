"""The report in a browser: it draws, sorts, filters, opens trials and follows a search, and asks the network for nothing."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.result.raced import bright
from tests.result_samples import HOSTILE, searched
from tests.study_samples import EVOLUTION, SMALL, ThreadExecutor

from einspace.evaluation.attempt import attempt
from einspace.evaluation.objective import TaskObjective
from einspace.evaluation.work import Work
from einspace.operations import OPERATIONS
from einspace.result import Result
from einspace.result.report import LiveReport, comparison, live, page
from einspace.study import search

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
PATIENCE = 120_000
"""Milliseconds: a busy machine takes long to draw a page of 5 MB."""

if CHROMIUM is None and os.environ.get("CI") != "true":
    pytest.skip("Chromium is not installed: apt-get install chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return searched(tmp_path_factory.mktemp("runs"), trials=12, report=False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; where every test must run, one without it fails here."""
    assert CHROMIUM is not None, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        expect.set_options(timeout=PATIENCE)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, width: int = 1280, height: int = 900, **options: Any) -> Iterator[Page]:
    """A page that fails its test for an error of its console, and for a request that is none of this machine's."""
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    faults: list[str] = []
    tab.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("request", lambda asked: faults.append(asked.url) if not asked.url.startswith(("file:", "data:", "http://127.0.0.1:")) else None)
    tab.on("dialog", lambda dialog: faults.append(dialog.message))
    yield tab
    assert faults == []
    context.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """An empty page of the test's own."""
    with opened(browser) as tab:
        yield tab


@pytest.fixture(scope="module")
def file(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(replace(result, settings={**result.settings, "task": HOSTILE})))
    return path


@pytest.fixture(scope="module")
def loaded(browser: Browser, file: Path) -> Iterator[Page]:
    """The report, which takes seconds to draw."""
    with opened(browser) as tab:
        tab.goto(file.as_uri())
        yield tab


@pytest.fixture
def report(loaded: Page) -> Page:
    """The report as it is when it has been opened, whatever another test has chosen in it; the browser's focus is its own again."""
    loaded.bring_to_front()
    loaded.evaluate("document.querySelectorAll('dialog[open]').forEach((dialog) => dialog.close())")
    loaded.get_by_label("Find").fill("")
    loaded.get_by_label("Outcome").select_option("")
    loaded.locator('input[name="axis"][value="by-trial"]').check()
    return loaded


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A search whose every score is that of a training, with a race and a surrogate."""
    task = bright()
    work = Work(TaskObjective(task, task.recipe), task.input)
    given: dict[str, Any] = {"trials": 36, "workers": 1, "limits": SMALL, "run": "trained", **EVOLUTION, "race": None, "surrogate": True}
    executor = ThreadExecutor(lambda request: attempt(request, work))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("einspace.surrogate.forest.TREES", 30)  # enough here
        return search(task, executor=executor, runs=tmp_path_factory.mktemp("runs"), report=False, **given)


def test_every_chart_of_a_real_search_is_drawn(tab: Page, trained: Result, tmp_path: Path) -> None:
    """Each has its marks, and a click on one of them opens its trial, with the picture."""
    file = trained.report(tmp_path / "report.html")
    tab.goto(file.as_uri())
    tab.get_by_label("by time").check()
    names = [place.get_attribute("data-chart") for place in tab.locator("[data-chart]").all()]
    assert names == [
        *("by-trial", "by-time", "test", "losses", "pareto-parameters", "pareto-flops", "pareto-latency"),
        *("predicted", "operations", "workers"),
    ]
    for name in names:
        expect(tab.locator(f"#chart-{name} .point").first).to_be_attached()
    mark = tab.locator("#chart-predicted .point").last
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    assert box is not None
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(tab.locator("#trial-title")).to_have_text(re.compile("^Trial [0-9]+: "))
    expect(tab.get_by_role("dialog").locator("svg").first).to_be_visible()
    expect(tab.get_by_role("dialog").locator("dl")).to_contain_text("predicted percentile")


def column(tab: Page, number: int) -> list[str]:
    """The texts of a column's cells that are shown."""
    return [cell.inner_text() for cell in tab.locator(f"#table tbody tr:visible td:nth-child({number})").all()]


def test_charts_sorting_and_filters(report: Page, result: Result) -> None:
    """Every point is drawn; a click on a heading sorts by number, best first; text, all of an architecture's too, and outcome filter."""
    scored = [trial for trial in result.history if trial.value is not None]
    expect(report.locator('[data-chart="by-trial"] .scatterlayer .trace').first.locator(".point")).to_have_count(len(scored))
    report.get_by_label("by time").check()
    expect(report.locator('[data-chart="by-time"] .scatterlayer .trace').first.locator(".point")).to_have_count(len(scored))
    report.get_by_role("button", name="validation").click()
    shown = [float(text) for text in column(report, 2) if text != "–"]
    assert shown == sorted(shown, reverse=True)
    assert len(shown) == len(scored)
    report.get_by_role("button", name="parameters").click()
    assert [int(text) for text in column(report, 1)] == [
        trial.number for trial in sorted(result.history, key=lambda t: (t.parameters, t.number))
    ]
    report.get_by_label("Outcome").select_option("error")
    assert len(column(report, 1)) == len(result.history) - len(scored)
    report.get_by_label("Outcome").select_option("")
    late = [name for name in OPERATIONS if any(name in trial.text and name not in trial.text[:60] for trial in result.history)]
    word = late[0]
    report.get_by_label("Find").fill(word)
    expect(report.locator("#shown")).to_have_text(f"{sum(word in trial.text for trial in result.history)} of {len(result.history)} trials")
    report.get_by_label("Find").fill("no such text")
    expect(report.locator("#shown")).to_have_text(f"0 of {len(result.history)} trials")


def test_a_trial_opens_by_mouse_and_keyboard_and_what_it_says_is_text(report: Page, result: Result) -> None:
    """Its picture, and the traceback of a failure, whose markup is shown and not run; Escape closes it, and the focus comes back."""
    best = result.best
    assert best is not None
    report.locator(f'#table button[data-trial="{best.trial}"]').click()
    dialog = report.get_by_role("dialog")
    expect(dialog.locator("svg").first).to_be_visible()
    expect(dialog.locator("pre").last).to_have_text(best.text)
    report.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    failed = next(trial for trial in result.history if trial.value is None)
    button = report.locator(f'#table button[data-trial="{failed.number}"]')
    button.focus()
    report.keyboard.press("Enter")
    expect(dialog.locator("pre").first).to_contain_text(HOSTILE)
    report.keyboard.press("Escape")
    expect(button).to_be_focused()
    assert report.locator("img").count() == 0


@pytest.mark.parametrize("chart", ["by-trial", "pareto-parameters", "workers"])
def test_every_point_that_a_click_opens_is_reached_by_the_keyboard(report: Page, result: Result, chart: str) -> None:
    """Arrows go through every trial once, each is drawn and announced, and Enter opens the one at hand; the focus comes back."""
    place = report.locator(f"#chart-{chart}")
    place.focus()
    wanted = {trial.number for trial in result.history if (trial.seconds if chart == "workers" else trial.value is not None)}
    report.keyboard.press("Home")
    seen = []
    for _ in wanted:
        said = report.locator("#point").inner_text()
        seen.append(int(said.split()[1].strip(":")))
        expect(place.locator(".hovertext").first).to_contain_text(f"{seen[-1]}: ")
        report.keyboard.press("ArrowRight")
    assert sorted(seen) == sorted(wanted)
    report.keyboard.press("ArrowLeft")
    report.keyboard.press("Enter")
    expect(report.get_by_role("dialog")).to_be_visible()  # another test may have left the same title in it
    expect(report.locator("#trial-title")).to_have_text(re.compile(f"^Trial {seen[-2]}: "))
    report.keyboard.press("Escape")
    expect(place).to_be_focused()


def test_tab_comes_to_every_chart_that_opens_trials(report: Page) -> None:
    """In the order of the page, beside its other controls; a chart without trials is not a stop."""
    report.locator("h1").click()
    stops = []
    for _ in range(120):
        report.keyboard.press("Tab")
        stops.append(report.evaluate("document.activeElement.id || ''"))
    charts = list(dict.fromkeys(stop for stop in stops if stop.startswith("chart-")))
    assert charts == ["chart-by-trial", "chart-pareto-parameters", "chart-pareto-flops", "chart-workers"]


def faults(tab: Page, *rules: str) -> list[str]:
    """What axe-core finds in a page that keeps people from using it, by all of its rules or by some."""
    asked = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    return [
        f"{fault['id']}: {fault['help']}: {node['html'][:200]}"
        for fault in Axe().run(tab, options=asked).response["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def check(tab: Page) -> None:
    """No serious fault, in the light and in the dark, where only colours are others."""
    assert faults(tab) == []
    tab.emulate_media(color_scheme="dark")
    assert faults(tab, "color-contrast") == []
    tab.emulate_media(color_scheme="light")


def test_axe_finds_no_serious_fault(report: Page, browser: Browser, result: Result, tmp_path: Path) -> None:
    """In the report, with a trial open and everything unfolded, in the live page and in a comparison, light and dark."""
    report.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    check(report)
    report.locator("#table button[data-trial]").first.click()
    expect(report.get_by_role("dialog").locator("svg").first).to_be_visible()
    check(report)
    with opened(browser) as tab:
        other = replace(result, run=result.run.with_name("other"), settings={**result.settings, "seed": 1})
        (tmp_path / "comparison.html").write_text(comparison([result, other]))
        tab.goto((tmp_path / "comparison.html").as_uri())
        check(tab)
        with LiveReport(lambda: result, "test", port=0) as server:
            tab.goto(server.address)
            expect(tab.locator("#following")).to_contain_text("Looked for news")
            check(tab)
            tab.evaluate("document.body.append(document.createElement('button'))")
            assert [fault.split(":")[0] for fault in faults(tab, "button-name")] == ["button-name"]


def test_a_live_page_gains_trials_and_keeps_how_it_is_sorted(tab: Page, result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader has sorted and filtered stays so when a trial ends; above stands what the workers are at."""
    monkeypatch.setattr(live, "PAUSE", 0.0)
    monkeypatch.setattr(live, "REST", 0.0)
    state = [replace(result, history=result.history[:4])]
    with LiveReport(lambda: state[-1], "test", port=0, now=lambda: [f"trial 4, {HOSTILE}"]) as server:
        tab.goto(server.address)
        expect(tab.locator("#table tbody tr")).to_have_count(4)
        expect(tab.locator("#now li")).to_have_text([f"trial 4, {HOSTILE}"])
        tab.get_by_role("button", name="trial", exact=True).click()
        tab.get_by_role("button", name="trial", exact=True).click()
        state.append(result)
        expect(tab.locator("#table tbody tr")).to_have_count(len(result.history))
        assert [int(text) for text in column(tab, 1)] == [trial.number for trial in reversed(result.history)]


def test_it_fits_a_small_screen_in_the_dark(browser: Browser, file: Path) -> None:
    """Nothing is wider than the screen, and charts take the colours of the page."""
    with opened(browser, 400, 800, color_scheme="dark") as tab:
        tab.goto(file.as_uri())
        expect(tab.locator('[data-chart="by-trial"] .main-svg').first).to_be_visible()
        assert tab.evaluate("document.documentElement.scrollWidth") <= 400
        ink = tab.evaluate("getComputedStyle(document.body).color")
        assert tab.locator('[data-chart="by-trial"] .xtick text').first.evaluate("node => getComputedStyle(node).fill") == ink
