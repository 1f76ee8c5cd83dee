"""The model that answers in this process, over llama-cpp-python."""

from graph.models.local.chat import LocalChatModel
from graph.models.local.gpu import gpu_present, supports_gpu

__all__ = ["LocalChatModel", "gpu_present", "supports_gpu"]
