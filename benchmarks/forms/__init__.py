"""Forms of data as people have them, each with what it means: for `benchmarks.own_data`, and a test that none is read wrongly."""

from benchmarks.forms.base import Form
from benchmarks.forms.invented import INVENTED
from benchmarks.forms.of_arrays import ARRAYS, PIXELS, PRECISION, TARGETS
from benchmarks.forms.of_files import FOLDERS, OBJECTS, TABLES

FORMS = [*ARRAYS, *PRECISION, *TARGETS, *PIXELS, *TABLES, *FOLDERS, *OBJECTS, *INVENTED]
"""Every form."""

__all__ = ["FORMS", "Form"]
