"""A runner whose values have one place each, bound once: here the places are the host's memory, run by the CPU.

The same on a graphics card is test_webgpu.py.
"""

import numpy as np
import pytest

from livedream import UserError
from livedream.backend import cpu, device_runner, providers, trial
from livedream.dream import read
from tests import dreams

BOUND = providers.Provider("bound", "CPUExecutionProvider", "", memory="cpu")


@pytest.fixture(scope="module")
def dream(tmp_path_factory):
    return read.load(dreams.tiny(tmp_path_factory.mktemp("dreams") / "tiny.onnx", control=True, encode=True))


def load(component):
    return device_runner.DeviceRunner(component, BOUND, exact=True, graph=False)


@pytest.mark.parametrize("name", ["step", "decode", "encode"])
def test_its_outputs_equal_the_cpus(dream, name):
    component = dream.components[name]
    bound, plain = load(component), cpu.load(component)
    expected, got = (trial.play(each, component, dream) for each in (plain, bound))
    for there, here in zip(expected, got, strict=True):
        assert there.keys() == here.keys()  # neither the state nor its check is returned
        for key in there:
            np.testing.assert_allclose(here[key].astype(float), there[key], atol=1e-5)
    assert bound.state.keys() == plain.state.keys()


def test_outputs_are_newly_allocated(dream):
    component = dream.components["decode"]
    runner = load(component)
    first, second = (runner(trial.inputs(component, dream, 0, np.full(8, level, "f4")))["frame"] for level in (0, 1))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, dreams.picture(np.zeros(8)))


def test_keep_adopts_the_state_only_if_it_is_finite(dream):
    component = dream.components["step"]
    runner, inputs = load(component), trial.inputs(component, dream, 0, dream.mean)
    assert not runner.state["state.h"].any()
    inputs["uniform"][...] = 1
    runner(inputs)
    assert not runner.state["state.h"].any()  # a run alone does not change the state
    assert runner.keep()
    np.testing.assert_allclose(runner.state["state.h"], 0.5)
    runner(inputs | {"uniform": np.full_like(inputs["uniform"], np.nan)})
    assert not runner.keep()
    np.testing.assert_allclose(runner.state["state.h"], 0.5)
    assert runner.keep()  # there is no new state that could be wrong
    runner.state = {"state.h": np.full((1, dreams.STATE), 3, "f4")}
    runner(inputs)
    assert runner.keep()
    np.testing.assert_allclose(runner.state["state.h"], 2)


def test_setting_the_state_discards_the_last_runs(dream):
    component = dream.components["step"]
    runner = load(component)
    runner(trial.inputs(component, dream, 0, dream.mean))
    runner.state = {"state.h": np.full((1, dreams.STATE), 3, "f4")}
    assert runner.keep()
    np.testing.assert_array_equal(runner.state["state.h"], np.full((1, dreams.STATE), 3, "f4"))


def test_a_copy_that_returns_other_values_is_not_used(dream, monkeypatch):
    monkeypatch.setattr(
        device_runner.ort, "copy_tensors", lambda sources, targets: None
    )  # says nothing and does nothing
    component = dream.components["decode"]
    frame = load(component)(trial.inputs(component, dream, 0, dream.mean))["frame"]
    np.testing.assert_array_equal(frame, dreams.picture(dream.mean))
    monkeypatch.setattr(device_runner, "_one_by_one", lambda sources, targets: None)
    with pytest.raises(UserError, match="bound: decode: values do not come back from the device as they were sent"):
        load(component)


def test_a_device_that_keeps_no_values_is_used_through_the_host(dream, monkeypatch):
    def refuse(*_):
        raise RuntimeError("no memory of that kind")

    monkeypatch.setitem(providers.BY_NAME, "bound", BOUND)
    monkeypatch.setattr(device_runner, "_allocate", refuse)
    runner = device_runner.load(dream.components["decode"], "bound")
    assert isinstance(runner, cpu.CpuRunner)
    assert runner.provider == "bound"
