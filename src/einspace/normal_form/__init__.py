"""Normal form: the computation of a derivation, simplified by exact identities; its digest is the identity of an architecture."""

from einspace.normal_form.from_derivation import normal_form
from einspace.normal_form.structure import Apply, NormalForm, Parallel

__all__ = ["Apply", "NormalForm", "Parallel", "normal_form"]
