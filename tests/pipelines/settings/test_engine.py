import pytest
from pydantic import ValidationError

from pipelines.mistakes import explain
from pipelines.settings.engine import EngineSettings

URL = "http://127.0.0.1:8000/v1"


def test_a_server_is_at_an_address():
    settings = EngineSettings.model_validate({"kind": "server", "url": URL, "retries": 0, "timeout": 5})
    assert (settings.url, settings.retries, settings.timeout, settings.concurrency) == (URL, 0, 5.0, 32)
    assert EngineSettings.model_validate(settings.model_dump(mode="json")) == settings
    with pytest.raises(ValidationError, match="kind is server without url, expected an address such as http://127"):
        EngineSettings.model_validate({"kind": "server"})


@pytest.mark.parametrize("field", [{"url": URL}, {"model_name": "m"}, {"api_key_variable": "A"}, {"concurrency": 1},
                                   {"timeout": 5}, {"retries": 1}])  # fmt: skip
def test_what_only_a_server_has_is_not_ignored_elsewhere(field):
    (name,) = field
    for kind in ("auto", "vllm", "transformers"):
        with pytest.raises(
            ValidationError, match=f"{name} is set and kind is {kind}, expected it for the kind server alone"
        ):
            EngineSettings.model_validate({"kind": kind, **field})


@pytest.mark.parametrize("field", [{"concurrency": 0}, {"timeout": 0}, {"retries": -1}, {"key": "sk-1"}])
def test_values_are_bounded_and_a_key_has_no_place(field):
    with pytest.raises(ValidationError, match=next(iter(field))):
        EngineSettings.model_validate({"kind": "server", "url": URL, **field})


@pytest.mark.parametrize("url", ["https://me:s3cret@host/v1", "https://host/v1?key=s3cret", "https://host/v1#s3cret"])
def test_a_secret_in_the_address_is_refused_before_it_is_written_down(url):
    with pytest.raises(ValidationError) as caught:
        EngineSettings.model_validate({"kind": "server", "url": url})
    said = explain(caught.value, EngineSettings, {})
    assert said.startswith("url holds a user, a password or a query") and "s3cret" not in said
