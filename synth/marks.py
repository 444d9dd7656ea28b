"""Marks by which chat templates tell turns apart. A text that holds one would become turns when it is rendered."""

import re2

# ChatML, Llama, Gemma, Phi, Mistral, DeepSeek: for texts that meet a model whose own marks are not known.
USUAL = re2.compile(
    r"(?i)<\|(?:[^|<>\s]{1,40}|[a-z][a-z0-9_ ]{0,40})\|>|<｜[^｜<>]{1,40}｜>|<(?:begin|end)▁of▁sentence>|</?s>"
    r"|</?(?:start|end)_of_(?:turn|text|image)>|<(?:bos|eos|pad|unk|mask|endoftext)>|</?think>|</?tool_call>"
    r"|\[/?(?:INST|BOS|EOS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>"
)
