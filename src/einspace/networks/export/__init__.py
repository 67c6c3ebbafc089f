"""Export: networks as standalone source, `torch.export` programs, ONNX models and safetensors files."""

from einspace.networks.export.export import FORMATS, SUFFIXES, Exported, export_file
from einspace.networks.export.programs import export_program
from einspace.networks.export.source import load_source, source
from einspace.networks.export.weights import load_weights

__all__ = ["FORMATS", "SUFFIXES", "Exported", "export_file", "export_program", "load_source", "load_weights", "source"]
