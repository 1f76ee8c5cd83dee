"""Whether a model can be on a GPU here: what the machine has, and what this build of llama.cpp can use."""

from pathlib import Path

from graph.models.local.library import library

DEVICES = ("/dev/nvidia0", "/dev/kfd", "/dev/dxg")
"""Device files of NVIDIA's driver, AMD's, and of either one inside WSL."""


def gpu_present() -> bool:
    """Whether this machine shows a GPU that llama.cpp could compute on."""
    return any(Path(device).exists() for device in DEVICES)


def supports_gpu() -> bool:
    """Whether this build of llama.cpp can put layers on a GPU. Loads the library."""
    supported: bool = library().llama_supports_gpu_offload()
    return supported
