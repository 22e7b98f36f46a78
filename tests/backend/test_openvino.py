"""OpenVINO plays what the CPU plays, in f32 and in half precision, where it has a device (Intel's)."""

import numpy as np
import pytest

from livedream import UserError
from livedream.backend import cpu, device_runner, providers, trial
from livedream.dream import read
from tests import dreams


@pytest.fixture(scope="module")
def dream(tmp_path_factory):
    pytest.importorskip("onnxruntime_ep_openvino", reason="needs the plug-in: pip install 'livedream[openvino]'")
    try:
        providers.ready(providers.by_name("openvino"))
    except UserError as error:
        pytest.skip(str(error))
    return read.load(dreams.tiny(tmp_path_factory.mktemp("dreams") / "tiny.onnx", control=True))


@pytest.mark.parametrize("exact", [True, False], ids=["f32", "half"])
def test_pictures_of_openvino_are_those_of_the_cpu(dream, exact):
    component = dream.components["decode"]
    runner = device_runner.load(component, "openvino", exact=exact)
    assert runner.provider == "openvino"
    expected, got = (trial.play(each, component, dream) for each in (cpu.load(component), runner))
    off = np.abs([here["frame"].astype(int) - there["frame"] for there, here in zip(expected, got, strict=True)])
    assert off.max() <= (0 if exact else 2)
    assert off.mean() <= 1


def test_steps_of_openvino_are_those_of_the_cpu_and_keep_their_state(dream):
    component = dream.components["step"]
    runner, reference = device_runner.load(component, "openvino"), cpu.load(component)
    expected, got = (trial.play(each, component, dream) for each in (reference, runner))
    np.testing.assert_allclose(got[-1]["next.latent"], expected[-1]["next.latent"], atol=1e-4)
    np.testing.assert_allclose(runner.state["state.h"], reference.state["state.h"], atol=1e-5)
    assert runner.state["state.h"].any()
