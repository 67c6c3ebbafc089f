"""Edits that people make by hand (beside the paper's mutation): widths, depth, kernels and strides, each as one decision."""

from einspace.variation.edits.edit import EDITS, Edit, EditReport, edit, widened

__all__ = ["EDITS", "Edit", "EditReport", "edit", "widened"]
