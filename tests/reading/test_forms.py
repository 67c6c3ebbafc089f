"""Forms of data as people have them: each is right, or its guess is said, or it is refused; none is silently wrong."""

from pathlib import Path

import pytest
from benchmarks.forms import FORMS, Form
from benchmarks.own_data import judge

NEEDED = {
    "images": "PIL",
    "Hugging": "datasets",
    "frame": "pandas",
    "Parquet": "pyarrow",
    "picture": "PIL",
    "thumbnails": "PIL",
    "cell": "pandas",
}
"""What a form needs beyond the project, by a word of its group or name."""


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.group}: {form.name}")
def test_no_form_is_silently_wrong(form: Form, tmp_path: Path) -> None:
    """What is understood is what was meant, with the doubt that the form has to raise, or the refusal."""
    for word, module in NEEDED.items():
        if word in f"{form.group} {form.name}":
            pytest.importorskip(module)
    verdict = judge(form, tmp_path)
    assert verdict.word != "WRONG", verdict.understood
    assert (verdict.word == "refused") is bool(form.refused)
    assert verdict.word == "said" or not form.said


def test_the_forms_are_many_and_differ() -> None:
    """Sixty and more, ten of them beyond the usual, each by a name of its own."""
    assert len({(form.group, form.name) for form in FORMS}) == len(FORMS) >= 70
    assert sum(form.group == "invented" for form in FORMS) >= 10
