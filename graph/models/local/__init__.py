"""The model that answers in this process, over llama-cpp-python."""

from graph.models.local.chat import LocalChatModel
from graph.models.local.load import supports_gpu

__all__ = ["LocalChatModel", "supports_gpu"]
