"""The engine of an OpenAI-compatible server: vLLM's own, llama.cpp's, a hosted one."""

from .engine import ServerEngine
from .kept import Kept
from .options import ServerOptions

__all__ = ["Kept", "ServerEngine", "ServerOptions"]
