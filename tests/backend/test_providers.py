"""The table of providers, and that one which leaves the work to the CPU is refused."""

import importlib.util

import pytest

from livedream import UserError
from livedream.backend import device_runner, providers, trial
from livedream.dream import read
from tests import dreams

SILENT = providers.Provider("silent", "CUDAExecutionProvider", "pip install it", memory="cuda")


@pytest.fixture(scope="module")
def dream(tmp_path_factory):
    return read.load(dreams.tiny(tmp_path_factory.mktemp("dreams") / "tiny.onnx"))


@pytest.mark.parametrize("name", [each.name for each in providers.TABLE])
def test_each_provider_runs_rightly_or_says_why_not_in_one_line(dream, name):
    if why := providers.missing(providers.by_name(name)):
        assert why.startswith("not ")
        assert "\n" not in why
        return
    found, why = trial.attempt(name, dream)  # in a process of its own, since a driver may crash
    assert {part.provider for _, part in found} <= {name}
    assert {component for component, _ in found} == {"step", "decode"} or why
    assert "\n" not in why


def test_a_missing_provider_names_what_to_install(dream, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for name in ("webgpu", "openvino"):
        with pytest.raises(UserError, match=f"{name}: not installed: pip install 'livedream.{name}.'"):
            device_runner.load(dream.components["decode"], name)


def test_a_provider_that_onnx_runtime_silently_leaves_out_is_refused(dream, monkeypatch):
    import onnxruntime

    if SILENT.ep in onnxruntime.get_available_providers():
        pytest.skip("CUDA is built in here")
    monkeypatch.setattr(providers, "missing", lambda provider: "")  # as if it were compiled in
    with pytest.raises(UserError, match=r"^silent: .+"):
        providers.open_session(SILENT, dream.components["decode"].model)
