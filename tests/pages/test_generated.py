"""What a program makes for the pages is what lies there."""

import pytest
from tests.pages import architecture, benchmark, command_line, pictures
from tests.pictures.checks import faults


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


def test_the_picture_of_the_packages_is_that_of_the_code() -> None:
    """Every package has a place, imports only what stands above it or in an earlier frame, and no arrow runs through a box."""
    places, imports = architecture.places(), architecture.packages()
    assert places.keys() == imports.keys()
    assert [(name, other) for name, found in imports.items() for other in found if places[other][:2] >= places[name][:2]] == []
    assert faults(architecture.page()) == []
