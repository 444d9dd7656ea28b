"""The template of a check follows the row's language."""

from collections.abc import Callable

from synth.distill.claim import Claim, template
from synth.distill.item import Item


def test_templates_by_language(make_item: Callable[..., Item]) -> None:
    assert template("distill_judge", make_item()).name == "distill_judge.en"
    assert template("distill_judge", make_item(question="11 더하기 11은 얼마입니까?")).name == "distill_judge.ko"
    assert (
        template("distill_judge", make_item(question="11 + 11?", reference="답은 22입니다")).name == "distill_judge.ko"
    )
    assert Claim("k", make_item(), "22").shown is None
