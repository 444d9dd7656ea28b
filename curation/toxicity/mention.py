"""Abuse that is only spoken of: quoted, reported, explained, or spoken against.

A sentence counts as a mention when it says so: a verb of saying or calling before the word, a word for words (slur,
term, 욕, 표현), Korean quotation after it (-라고, -라는), or a judgement on such talk (offensive, bullied, 차별, 비하).
"""

import polars as pl

TEXT = pl.col("text")

_SAYING = (
    r"call(?:s|ed|ing)?|say(?:s|ing)?|said|shout(?:s|ed|ing)?|yell(?:s|ed|ing)?|scream(?:s|ed|ing)?|wrote|written"
    r"|label(?:s|l?ed)|use[sd]?|using|quot(?:e|es|ed|ing)|told|spell(?:s|ed)?|tweets?|chant(?:s|ed|ing)?"
)
_B = r"(?-u:\b)"  # a boundary of ASCII words: the engine is many times as fast with it as with one of all scripts
_ENGLISH = (
    rf"(?i:{_B}(?:{_SAYING}){_B}[^.!?]{{0,60}}[\"'(]|[\"',!?] (?:he|she|they|the \w+|\w+) (?:{_SAYING}){_B}"
    rf"|{_B}quot(?:e|es|ed|ation|ing){_B}|{_B}(?:called|calls|calling) (?:\w+ ){{1,4}}"
    rf"|{_B}call (?:someone|somebody|anyone|people|others|each other){_B}"
    rf"|{_B}(?:never|don't|do not|not to|nobody should|stop) (?:\w+ )?(?:say|call|use|be called|tolerate)\w*{_B}"
    rf"|{_B}(?:the|an?|this|that|of) (?:\w+ )?(?:word|term|slur|phrase|insult|comment|epithet|expression)s?{_B}"
    rf"|{_B}(?:words|terms|slurs|phrases|insults|comments|expressions) (?:like|such as){_B}"
    rf"|{_B}(?:hate speech|bullied|bullying|bullies|harassed|harassment|antisemitic|derogatory|vulgar|taboo){_B}"
    rf"|{_B}(?:slurs?|offensive (?:to|word|term)|condemn\w*|it is (?:wrong|never|not (?:ok|okay|acceptable))){_B})"
    r"|[“‘][^”’]*[”’]"
)
_KOREAN = (
    r"[\"'”’」』]?\s?(?:이?라|다|아|야|해|어|자|냐|가)(?:고|는|며|던|니)(?:\s|만)?\s?(?:\S+\s){0,3}?"
    r"(?:욕|말|단어|표현|소리|댓글|놀리|놀림|놀렸|놀려|부르|불러|불렀|불리|쓴|썼|쓰|적|외치|외친|외쳤|비난|신조어"
    r"|하는 것|해도|의 어원)"
    r"|(?:이?라는|이?란|같은|인)\s?[\"'”’]?\s?(?:욕|말|단어|표현|소리|댓글|비속어|신조어|혐오)"
    r"|비속어(?:이|인|를|는|다)|욕설(?:을|이|은|의|\s?['\"‘“])|혐오 ?표현|비하(?:하는|하여|해서|적)"
    r"|(?:을|를) 차별하는|차별적|인종 ?차별(?:이|적)|모욕(?:이|하는|적|죄)|언어 ?폭력|낮잡아|처벌(?:되|받|을)|징계"
    r"|신고(?:했|하였|되)|(?:쓰지|말하지|부르지) (?:마|맙|않)"
)


def is_mention() -> pl.Expr:
    """Whether a sentence (`text`) speaks of abuse rather than abuses."""
    return TEXT.str.contains(_ENGLISH) | TEXT.str.contains(_KOREAN)


def sentences(texts: pl.DataFrame) -> pl.DataFrame:
    """Rows (`row`, `text`) cut into sentences: they end with their line, or at a full stop, also one before closing
    quotes, unless a small letter follows (`"Out!" he said`)."""
    marked = TEXT.str.replace_all(r"([.!?…][\"'”’)]*)[^\S\n]+([^a-z\s])", "${1}\n${2}")
    return texts.select("row", marked.str.split("\n")).explode("text").filter(TEXT != "")
