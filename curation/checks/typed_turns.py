"""Marks of turns, in one place: those of chat templates, and lines that open a speaker's turn.

A text that holds one of a chat template's would become turns when it is rendered.
"""

import re2

# ChatML, Llama, Gemma, Phi, Mistral, DeepSeek: for texts that meet a model whose own marks are not known.
TEMPLATE = (
    r"(?i)<\|(?:[^|<>\s]{1,40}|[a-z][a-z0-9_ ]{0,40})\|>|<｜[^｜<>]{1,40}｜>|<(?:begin|end)▁of▁sentence>|</?s>"
    r"|</?(?:start|end)_of_(?:turn|text|image)>|<(?:bos|eos|pad|unk|mask|endoftext)>|</?think>|</?tool_call>"
    r"|\[/?(?:INST|BOS|EOS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]|<</?SYS>>"
)

# `User:`, `**Assistant:**`, `### Human:`, `사용자:` at the start of a line.
SPEAKER = (
    r"(?im)^[ \t>*]*(?:#{1,6} ?)?\**(?:user|human|(?:ai )?assistant|system|사용자|인간|어시스턴트|도우미|챗봇|시스템)"
    r"[ \t*]*[:：]"
)

# Instruction formats: a heading that opens a part.
HEADING = (
    r"(?im)^[ \t>]*#{1,4} ?(?:instruction|response|input|human|user|assistant|system|end of response|answer|question"
    r"|지시|응답|입력|질문|답변)\b ?:?|#{2,4} ?(?:instruction|response|human|assistant|end of response) ?[:.]"
)

TEMPLATE_MARK = re2.compile(TEMPLATE)
SPEAKER_LINE = re2.compile(SPEAKER)
ANY_MARK = re2.compile(f"(?:{TEMPLATE})|(?:{SPEAKER})|(?:{HEADING})")
