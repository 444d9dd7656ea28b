"""The portable engine: against transformers' own generate and forward pass, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, T5Config

from curation.errors import InputError
from curation.model import Request, Response, Sampling, ScoreRequest
from synth.engines.options import EngineOptions
from synth.engines.transformers import Addition, TransformersEngine

PROMPTS = ["the cat", "", "하늘을 나는 새", "zq" * 40, "Input: 12\nOutput:", "<|user|>dog<|end|><|assistant|>"]


def asked(**sampling: Any) -> list[Request]:
    settings = Sampling(**{"max_tokens": 16, **sampling})
    return [Request(f"r{place}", prompt, settings) for place, prompt in enumerate(PROMPTS)]


def by_id(responses: Any) -> dict[tuple[str, int], Response]:
    return {(one.id, one.sample): one for one in responses}


def peers(model: Any, engine: TransformersEngine, **settings: Any) -> list[tuple[int, ...]]:
    """What transformers' own generate writes after each prompt, alone in its batch."""
    texts = []
    for request in asked():
        prompt = torch.tensor([engine.prompt(request).token_ids])
        made = model.generate(
            prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=16, do_sample=False, **settings
        )
        texts.append(tuple(made[0, prompt.shape[1] :].tolist()))
    return texts


def test_greedy_answers_are_those_of_generate(portable: TransformersEngine, tiny_model: Path) -> None:
    peer = AutoModelForCausalLM.from_pretrained(tiny_model)
    responses = list(portable.generate(asked()))
    assert [one.token_ids for one in responses] == peers(peer, portable)
    assert {one.finish_reason for one in responses} == {"length"}
    assert [one.prompt_tokens for one in responses] == [len(portable.prompt(one).token_ids) for one in asked()]
    penalised = [one.token_ids for one in portable.generate(asked(repetition_penalty=1.5))]
    assert penalised == peers(peer, portable, repetition_penalty=1.5) != peers(peer, portable)


def test_adapters_answer_apart_and_by_id(
    portable: TransformersEngine, tiny_model: Path, adapters: tuple[Path, Path]
) -> None:
    folders = [None, *map(str, adapters)]
    mixed = [Request(f"{one.id} {folder}", one.prompt, one.sampling, adapter=folder)
             for one in asked() for folder in folders]  # fmt: skip
    responses = list(portable.generate(mixed))
    assert [one.id for one in responses] == [one.id for one in mixed]
    for place, folder in enumerate(folders):
        peer = AutoModelForCausalLM.from_pretrained(tiny_model)
        if folder is not None:
            peer = PeftModel.from_pretrained(peer, folder)
        assert [one.token_ids for one in responses[place::3]] == peers(peer, portable)
    assert len({one.token_ids for one in responses}) == len(mixed)


def test_end_tokens_of_the_generation_settings_end(portable: TransformersEngine, copied_model: Path) -> None:
    first = list(portable.generate(asked()))[0].token_ids
    ends = [2, first[5]]
    (copied_model / "generation_config.json").write_text(json.dumps({"eos_token_id": ends}))
    engine = TransformersEngine(str(copied_model))
    ended = list(engine.generate(asked()))[0]
    assert (ended.token_ids, ended.finish_reason) == (first[: first.index(ends[1]) + 1], "stop")
    engine.close()


def test_a_stop_string_ends_and_is_not_in_the_text(portable: TransformersEngine) -> None:
    for one in portable.generate(asked(max_tokens=40)):
        stop = next(letter for letter in one.text[2:] if letter.isascii() and letter.isprintable())
        sampling = Sampling(max_tokens=40, stop=("never said", stop))
        again = next(portable.generate([Request(one.id, PROMPTS[int(one.id[1:])], sampling)]))
        assert again.text == one.text[: one.text.index(stop)]
        assert again.finish_reason == "stop"
        assert again.token_ids == one.token_ids[: len(again.token_ids)]


def test_an_answer_ends_with_the_context(portable: TransformersEngine) -> None:
    response = next(portable.generate([Request("r", "zq" * 124, Sampling(max_tokens=50))]))
    assert (response.prompt_tokens, len(response.token_ids), response.finish_reason) == (249, 7, "length")


@pytest.mark.parametrize("options", [EngineOptions(), EngineOptions(batch=1), EngineOptions(batch=3, chunk=4)])
def test_a_drawn_answer_hangs_on_its_id_and_sample_alone(
    portable: TransformersEngine, tiny_model: Path, options: EngineOptions
) -> None:
    sampling = Sampling(max_tokens=12, temperature=1.0, top_p=0.95, top_k=50, seed=7)
    requests = [Request(f"r{place % 4}", "the cat", sampling, place // 4) for place in range(12)]
    requests += [Request(one.id, one.prompt, sampling) for one in asked()[4:]]
    expected = by_id(portable.generate(requests))
    assert len({one.token_ids for one in expected.values()}) == len(requests) == len(expected)
    engine = TransformersEngine(str(tiny_model), options)
    assert by_id(engine.generate(requests[::-1])) == expected
    assert by_id(engine.generate(requests[5:6])) == {(requests[5].id, requests[5].sample): expected["r1", 1]}
    engine.close()


def test_another_seed_draws_another_answer(portable: TransformersEngine) -> None:
    texts = {next(portable.generate([Request("r", "the", Sampling(max_tokens=8, temperature=1.0, seed=seed))])).text
             for seed in range(5)}  # fmt: skip
    assert len(texts) == 5


def test_scores_are_log_probabilities(portable: TransformersEngine, tiny_model: Path) -> None:
    peer = AutoModelForCausalLM.from_pretrained(tiny_model).eval()
    asks = [ScoreRequest(f"s{place}", context, continuation) for place, (context, continuation) in enumerate([
        ("the cat", " sat on the mat"), ("", "하늘"), ((("user", "dog"),), "cat"), ("the", ""), ("zq" * 90, "q"),
    ])]  # fmt: skip
    scores = list(portable.score(asks))
    assert [one.id for one in scores] == [one.id for one in asks]
    for ask, score in zip(asks, scores, strict=True):
        passage = portable.passage(ask)
        with torch.inference_mode():
            rows = peer(torch.tensor([passage.token_ids])).logits[0].double().log_softmax(-1)
        wanted = [float(rows[place - 1, passage.token_ids[place]])
                  for place in range(passage.start, len(passage.token_ids))]  # fmt: skip
        assert score.token_ids == passage.token_ids[passage.start :]
        assert score.logprobs == pytest.approx(wanted, abs=1e-4)
        assert score.total == pytest.approx(sum(wanted), abs=1e-3)


def test_a_score_is_the_base_models_after_an_adapter(
    portable: TransformersEngine, tiny_model: Path, adapters: tuple[Path, Path]
) -> None:
    ask = ScoreRequest("s", "the cat", " sat")
    list(portable.generate([Request("r", "the", Sampling(max_tokens=1), adapter=str(adapters[0]))]))
    engine = TransformersEngine(str(tiny_model))
    assert list(portable.score([ask])) == list(engine.score([ask]))
    engine.close()


def test_progress_counts_everything_once(tiny_model: Path) -> None:
    told: list[tuple[int, int]] = []
    engine = TransformersEngine(
        str(tiny_model), EngineOptions(batch=4), lambda done, tokens: told.append((done, tokens))
    )
    responses = list(engine.generate(asked()))
    assert [done for done, _ in told] == [4, 2]
    assert sum(tokens for _, tokens in told) == sum(len(one.token_ids) for one in responses)
    told.clear()
    list(engine.score(ScoreRequest(str(place), "the", " cat") for place in range(9)))
    assert told == [(4, 0), (4, 0), (1, 0)]
    engine.close()


def test_a_number_type_is_named_in_the_setting(tiny_model: Path) -> None:
    engine = TransformersEngine(str(tiny_model), EngineOptions(dtype="bfloat16", device="cpu"))
    assert engine.setting == "bfloat16 cpu"
    assert next(engine.generate(asked())).finish_reason == "length"
    engine.close()
    engine.close()


def test_what_is_put_onto_a_model_takes_its_room_and_makes_it_another(tiny_model: Path) -> None:
    attached: list[Any] = []
    engine = TransformersEngine(str(tiny_model), addition=Addition(attached.append, "a" * 32, room=10))
    plain = TransformersEngine(str(tiny_model))
    assert attached == [engine._model] and engine.fingerprint != plain.fingerprint
    long = [Request("r", "zq" * count, Sampling(4)) for count in (122, 123)]  # 245 and 247 tokens of 256 less 10
    assert [one.error for one in engine.generate(long)] == [None, "prompt of 247 tokens, limit 245"]
    engine.close()
    plain.close()


def test_less_context_is_obeyed(tiny_model: Path) -> None:
    engine = TransformersEngine(str(tiny_model), EngineOptions(max_model_len=20))
    responses = list(engine.generate(asked(max_tokens=100)))
    assert responses[3].error == "prompt of 81 tokens, limit 19"
    assert all(one.prompt_tokens + len(one.token_ids) == 20 for one in responses if one.error is None)
    engine.close()


def shrunk(folder: Path) -> None:
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])


def widened(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 256}))


def holed(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def seq2seq(folder: Path) -> None:
    T5Config(n_positions=64, vocab_size=300, max_position_embeddings=64).save_pretrained(folder)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (shrunk, "transformers cannot load it .*metadata"),
        (widened, "transformers cannot load it"),
        (holed, "its weights lack model.layers.1.mlp.up_proj.weight, one of 1"),
        (seq2seq, "transformers cannot load it .*Unrecognized configuration class"),
    ],
)
def test_a_model_that_is_not_whole_is_refused(copied_model: Path, damage: Callable[[Path], None], said: str) -> None:
    damage(copied_model)
    with pytest.raises(InputError, match=f"^{copied_model}: {said}.*, expected a whole causal model$"):
        TransformersEngine(str(copied_model))


def test_tied_weights_are_not_missing(tmp_path: Path, write_tokenizer: Callable[..., Any]) -> None:
    config = LlamaConfig(
        vocab_size=300, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=1,
        max_position_embeddings=64, tie_word_embeddings=True, eos_token_id=2,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    write_tokenizer().save_pretrained(tmp_path)
    assert "lm_head.weight" not in load_file(tmp_path / "model.safetensors")
    engine = TransformersEngine(str(tmp_path))
    assert len(next(engine.generate(asked(max_tokens=2))).token_ids) == 2
    engine.close()


def test_a_device_that_is_not_here_is_refused(tiny_model: Path) -> None:
    absent = "mps" if torch.cuda.is_available() else "cuda"
    for device in (absent, "nonsense"):
        with pytest.raises(
            InputError, match=f"^engine option device is '{device}' .*expected auto or one that is here"
        ):
            TransformersEngine(str(tiny_model), EngineOptions(device=device))


def test_turns_without_a_template_are_refused(copied_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(copied_model)
    tokenizer.chat_template = None
    (copied_model / "chat_template.jinja").unlink()
    tokenizer.save_pretrained(copied_model)
    engine = TransformersEngine(str(copied_model))
    with pytest.raises(InputError, match=f"^{copied_model}: the tokenizer has no chat template, expected one"):
        list(engine.generate([Request("r", (("user", "the cat"),), Sampling(max_tokens=2))]))
    assert next(engine.generate(asked())).finish_reason == "length"
    engine.close()


def test_an_adapter_that_is_not_the_models_is_refused_and_changes_nothing(
    portable: TransformersEngine, tiny_model: Path, adapters: tuple[Path, Path], tmp_path: Path
) -> None:
    config = LlamaConfig(
        vocab_size=300, hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=1
    )
    foreign = get_peft_model(LlamaForCausalLM(config), LoraConfig(target_modules="all-linear", task_type="CAUSAL_LM"))
    foreign.save_pretrained(tmp_path / "foreign")
    wanted = [Request("r", "the cat", Sampling(max_tokens=9), adapter=folder)
              for folder in (None, str(adapters[0]), str(adapters[1]))]  # fmt: skip
    bad = Request("bad", "the cat", Sampling(max_tokens=9), adapter=str(tmp_path / "foreign"))
    expected = list(portable.generate(wanted))
    engine = TransformersEngine(str(tiny_model))
    for _ in range(2):  # before and after others have been loaded
        with pytest.raises(InputError, match=f"^{tmp_path}/foreign: .*expected a LoRA adapter made for this model$"):
            list(engine.generate([bad]))
        assert list(engine.generate(wanted)) == expected
    engine.close()


@pytest.mark.parametrize("order", [(0, 1, None, 0, 2, 1, 2, 0), (2, 0, 2, None, 1, 0)])
def test_adapters_with_whole_layers_answer_beside_others(
    order: tuple[int | None, ...], tiny_model: Path, adapters: tuple[Path, Path], tmp_path: Path
) -> None:
    folders = [adapters[0]]
    for number, whole in enumerate(("layers.0.mlp.down_proj", "model.norm")):
        base = AutoModelForCausalLM.from_pretrained(tiny_model)
        config = LoraConfig(target_modules=["q_proj"], modules_to_save=[whole], task_type="CAUSAL_LM")
        model = get_peft_model(base, config)
        torch.manual_seed(number)
        for weight in model.parameters():
            if weight.requires_grad:
                torch.nn.init.normal_(weight, std=0.3)
        folders.append(tmp_path / whole)
        model.save_pretrained(folders[-1])

    def asked(which: int | None) -> list[Request]:
        folder = None if which is None else str(folders[which])
        return [Request("r", "the cat", Sampling(max_tokens=9), adapter=folder)]

    alone: dict[int | None, list[Response]] = {}
    for which in (None, 0, 1, 2):
        one = TransformersEngine(str(tiny_model))
        alone[which] = list(one.generate(asked(which)))
        one.close()
    assert len({found[0].text for found in alone.values()}) == 4
    engine = TransformersEngine(str(tiny_model))
    for which in order:
        assert list(engine.generate(asked(which))) == alone[which]
    engine.close()


def test_an_adapter_that_is_not_there_is_refused(portable: TransformersEngine, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=f"^{tmp_path}: no adapter_config.json, expected the folder of a LoRA adapter$"
    ):
        list(portable.generate([Request("r", "the", Sampling(max_tokens=1), adapter=str(tmp_path))]))
