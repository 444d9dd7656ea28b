"""Sentences that speak of abuse, and where sentences end."""

import polars as pl
import pytest

from curation.toxicity import mention


def is_mention(text: str) -> bool:
    return pl.DataFrame({"text": [text]}).select(mention.is_mention()).item()


@pytest.mark.parametrize(
    ("spoken_of", "abuse"),
    [
        ("He called me an idiot.", "Call me back, idiot."),
        ("Never call her a moron.", "Never come back, moron."),
        ("The word moron is rude.", "A moron like you is rude."),
        ('"Moron!" he yelled.', '"Great" job, moron.'),
        ("병신이라고 놀렸다", "병신이 놀렸다"),
        ("틀딱이라는 말은 나쁘다", "틀딱이 말은 많다"),
        ("욕설을 신고했다", "신고해라 병신아"),
        ("짱깨는 비하하는 말", "짱깨는 나가라"),
    ],
)
def test_mentions(spoken_of: str, abuse: str) -> None:
    assert is_mention(spoken_of) and not is_mention(abuse)


def test_sentences() -> None:
    rows = pl.DataFrame({"row": [0, 1, 2], "text": ['"Out!" he said. Then "Go!" We left.\nEnd', "", "가다. 나다"]})
    cut = mention.sentences(rows)
    assert cut.rows() == [
        (0, '"Out!" he said.'), (0, 'Then "Go!"'), (0, "We left."), (0, "End"), (2, "가다."), (2, "나다"),
    ]  # fmt: skip
