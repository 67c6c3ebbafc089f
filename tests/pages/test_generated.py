"""What a program makes for the pages is what lies there."""

import pytest
from tests.pages import benchmark, command_line, pictures


@pytest.mark.slow
def test_the_page_of_the_command_line_is_the_program_s() -> None:
    """Every command and every option stands on the page as the program describes it now."""
    assert command_line.FILE.read_text(encoding="utf-8") == command_line.page()


def test_the_page_of_the_benchmark_is_what_its_files_say() -> None:
    """No figure of a run is copied by hand, and no file of runs is left out."""
    assert benchmark.FILE.read_text(encoding="utf-8") == benchmark.page()
    assert {file.name for file in benchmark.RUNS.iterdir()} == benchmark.FILES.keys()


def test_the_pictures_are_those_that_the_library_draws() -> None:
    """Each picture is drawn again, and no other one lies beside them."""
    drawn = pictures.pictures()
    assert {file.name: file.read_text(encoding="utf-8") for file in pictures.FOLDER.iterdir()} == drawn
