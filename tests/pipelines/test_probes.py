"""What the doctor asks, against answers, failures, silence and machines that cannot say."""

import json

from pipelines import probes


def test_the_answer_is_the_last_line_printed():
    assert probes.ask("print('loading'); print('{\"a\": 1}')", 30) == {"a": 1}


def test_arguments_are_passed_and_nothing_of_the_working_folder_is_imported(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    assert probes.ask("import json, sys; print(json.dumps(sys.argv[1:]))", 30, "x", "y") == ["x", "y"]


def test_a_failure_is_the_line_that_names_the_error():
    script = (
        "import atexit, sys; atexit.register(lambda: print('bye', file=sys.stderr)); raise ValueError('no weights')"
    )
    assert probes.ask(script, 30) == "ValueError: no weights"
    assert probes.ask("raise SystemExit(3)", 30) == "exit code 3 without a message"
    assert probes.ask("import sys; sys.exit('plain words')", 30) == "plain words"


def test_a_crash_and_silence_are_told():
    assert probes.ask("import os; os.kill(os.getpid(), 4)", 30) == "ended by signal 4 (illegal instruction)"
    assert probes.ask("import time; time.sleep(60)", 0.5) == "no answer within 0.5 seconds"


def test_an_answer_that_is_none_is_told():
    assert probes.ask("pass", 30) == "no answer was printed"


def test_the_hub_is_not_asked():
    script = (
        "import json, os; print(json.dumps({n: os.environ.get(n) for n in ('HF_HUB_OFFLINE', 'VLLM_NO_USAGE_STATS')}))"
    )
    assert probes.ask(script, 30) == {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}


def test_flags_of_both_architectures(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("model name\t: x\nflags\t\t: fpu avx2 amx_tile\n\nflags\t\t: fpu avx2 amx_tile\n")
    assert probes.processor_flags(cpuinfo) == {"fpu", "avx2", "amx_tile"}
    cpuinfo.write_text("Features\t: fp asimd\n")
    assert probes.processor_flags(cpuinfo) == {"fp", "asimd"}
    assert probes.processor_flags(tmp_path / "none") == set()


def test_memory_is_the_smaller_of_machine_and_container(tmp_path):
    assert probes.available_memory(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:  9 kB\nMemAvailable:    4000 kB\n")
    assert probes.available_memory(tmp_path) == 4_096_000
    container = tmp_path / "sys/fs/cgroup"
    container.mkdir(parents=True)
    (container / "memory.current").write_text("1000\n")
    (container / "memory.max").write_text("max\n")
    assert probes.available_memory(tmp_path) == 4_096_000
    (container / "memory.max").write_text("5000\n")
    assert probes.available_memory(tmp_path) == 4000


def test_a_driver_that_lists_gpus_and_one_that_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert probes.nvidia_smi() == ""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA H200'\necho 'NVIDIA H200'\n")
    tool.chmod(0o755)
    assert probes.nvidia_smi() == "NVIDIA H200, NVIDIA H200"
    tool.write_text("#!/bin/sh\necho 'no devices were found'\nexit 6\n")
    assert probes.nvidia_smi() == ""


def test_versions_and_bounds():
    assert probes.version("polars") is not None
    assert probes.version("not-a-package-of-anyone") is None
    assert all("extra" not in json.dumps(str(bound.marker)) for bound in probes.declared_bounds().values())
