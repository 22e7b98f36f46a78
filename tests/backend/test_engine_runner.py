"""The calls of the engine's runner to TensorRT and CUDA, their order and memory.

No card is needed: CUDA's calls are answered on the host's memory, and instead of a plan ONNX Runtime runs the model on
the addresses that the runner gave. Each call is also made to CUDA's real bindings where they are installed and have no
driver to obey them: they refuse wrong arguments all the same.
"""

import ctypes
import gc
import sys
import types

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from livedream import UserError
from livedream.backend import cpu, cuda_picture, engine_runner, plan
from livedream.dream import guard, read
from tests import dreams

try:
    from cuda.bindings import runtime as real
except ImportError:
    real = None

HERE = plan.Target("rtx", "1", ("SM89",))


class Cuda(types.SimpleNamespace):
    """cuda.bindings.runtime on the host's memory; a stream executes at once."""

    def __init__(self):
        kinds = ("cudaMemcpyHostToDevice", "cudaMemcpyDeviceToHost", "cudaMemcpyDeviceToDevice")
        kind = real.cudaMemcpyKind if real else types.SimpleNamespace(**{name: name for name in kinds})
        stream = real.cudaStream_t(0) if real else 0
        event = real.cudaEvent_t(0) if real else 0
        super().__init__(cudaMemcpyKind=kind, cudaStreamNonBlocking=1, cudaEventDisableTiming=2)
        self.memory, self.failing = {}, None
        self.answer("cudaSetDevice", lambda device: None)
        self.answer("cudaFree", lambda pointer: self.memory.pop(pointer, None) and None)
        self.answer("cudaFreeHost", lambda pointer: self.memory.pop(pointer, None) and None)
        self.answer("cudaMalloc", self.allocate)
        self.answer("cudaMallocHost", self.allocate)
        self.answer("cudaStreamCreateWithFlags", lambda flags: stream)
        self.answer("cudaStreamDestroy", lambda stream: None)
        self.answer("cudaStreamSynchronize", lambda stream: None)
        self.answer("cudaEventCreateWithFlags", lambda flags: event)
        self.answer("cudaEventRecord", lambda event, stream: None)
        self.answer("cudaEventSynchronize", lambda event: None)
        self.answer("cudaEventDestroy", lambda event: None)
        self.answer("cudaMemcpyAsync", self.copy)

    def answer(self, name, call):
        def called(*arguments):
            if real and int(real.cudaGetDeviceCount()[0]):
                getattr(real, name)(*arguments)
            if name == self.failing:
                return (2,)
            made = call(*arguments)
            return (0,) if made is None else (0, made)

        setattr(self, name, called)

    def allocate(self, size):
        memory = ctypes.create_string_buffer(b"\xaa" * size, size)  # not zero, since no runner may rely on that
        self.memory[ctypes.addressof(memory)] = memory
        return ctypes.addressof(memory)

    def holding(self, pointer, size):
        """Tell whether it may be read or written: it is within one allocation, or an array of numpy's."""
        return any(base <= pointer and pointer + size <= base + len(memory) for base, memory in self.memory.items())

    def copy(self, to, source, size, kind, stream):
        assert self.holding(to, size)
        assert self.holding(source, size)
        ctypes.memmove(to, source, size)


class Engine:
    """ICudaEngine and IExecutionContext of a "plan" that is an ONNX file."""

    def __init__(self, data, cuda):
        self.session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
        self.ins, self.outs = self.session.get_inputs(), self.session.get_outputs()
        self.cuda, self.addresses, self.num_io_tensors = cuda, {}, len(self.ins) + len(self.outs)

    def get_tensor_name(self, index):
        return [*self.ins, *self.outs][index].name

    def get_tensor_shape(self, name):
        return next(each.shape for each in (*self.ins, *self.outs) if each.name == name)

    def get_tensor_dtype(self, name):
        return next(each.type for each in (*self.ins, *self.outs) if each.name == name)

    def create_runtime_config(self):
        compiled = types.SimpleNamespace(deserialize=lambda data: True, serialize=lambda: b"compiled")
        return types.SimpleNamespace(create_runtime_cache=lambda: compiled, set_runtime_cache=lambda cache: True)

    def create_execution_context(self, runtime_config):
        assert runtime_config.cuda_graph_strategy == "whole"
        return self

    def set_tensor_address(self, name, address):
        assert not self.addresses.get(name), "an address that moves ends a recorded graph"
        self.addresses[name] = address
        return True

    def execute_async_v3(self, stream):
        assert type(stream) is int
        feeds = {each.name: self.at(each) for each in self.ins}
        for each, value in zip(self.outs, self.session.run(None, feeds), strict=True):
            self.at(each)[...] = value
        return True

    def at(self, tensor):
        kind = nptype(tensor.type)
        size = int(np.prod(tensor.shape)) * np.dtype(kind).itemsize
        assert self.cuda.holding(self.addresses[tensor.name], size)
        bytes_ = (ctypes.c_uint8 * size).from_address(self.addresses[tensor.name])
        return np.frombuffer(bytes_, kind).reshape(tensor.shape)


def nptype(kind):
    return {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}[kind]


@pytest.fixture
def cuda(monkeypatch):
    """A card of the host's memory."""
    made = Cuda()
    bindings = types.SimpleNamespace(runtime=made)
    monkeypatch.setitem(sys.modules, "cuda", types.SimpleNamespace(bindings=bindings))
    monkeypatch.setitem(sys.modules, "cuda.bindings", bindings)
    monkeypatch.setattr(plan, "card", lambda: ("NVIDIA Test", "SM89"))
    monkeypatch.setattr(engine_runner, "card", plan.card)
    trt = types.SimpleNamespace(
        CudaGraphStrategy=types.SimpleNamespace(WHOLE_GRAPH_CAPTURE="whole"),
        Runtime=lambda log: types.SimpleNamespace(
            deserialize_cuda_engine=lambda data: (
                Engine(data, made) if data != b"bad" else log.errors.append("bad magic")
            )
        ),
        nptype=nptype,
    )
    log = types.SimpleNamespace(errors=[])
    monkeypatch.setattr(engine_runner, "library", lambda name: (trt, log, None))
    return made


@pytest.fixture
def dream(tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "prove", lambda data, sha256: None)
    return read.load(dreams.tiny(tmp_path / "tiny.onnx", control=True, encode=True))


def loaded(component):
    return engine_runner.load(component, plan.Plan(HERE, "f32", "key", plan.source_model(component)))


def inputs(component, chance):
    return {
        name: chance.standard_normal(value.shape).astype(value.dtype)
        if value.dtype == "float32"
        else chance.integers(0, 256, value.shape).astype(np.uint8)
        for name, value in component.inputs.items()
        if not name.startswith("state.")
    }


def test_a_step_goes_as_on_the_cpu_with_its_state_on_the_card(cuda, dream):
    component, chance = dream.components["step"], np.random.default_rng(1)
    card, host = loaded(component), cpu.load(component)
    assert card.provider == "engine-rtx"
    np.testing.assert_array_equal(card.state["state.h"], 0)  # whatever the warm-up computed
    start = {"state.h": np.full((1, dreams.STATE), 0.25, np.float32)}
    card.state = host.state = start
    for k in range(20):
        given = inputs(component, chance)
        made, expected = card(given), host(given)
        assert made.keys() == expected.keys()
        np.testing.assert_array_equal(made["next.latent"], expected["next.latent"])
        if k % 3:  # a state that is not kept is discarded
            assert card.keep() is True
            host.keep()
        np.testing.assert_array_equal(card.state["state.h"], host.state["state.h"])


def test_a_state_that_is_not_finite_is_not_kept(cuda, dream):
    component = dream.components["step"]
    runner = loaded(component)
    runner.state = {"state.h": np.full((1, dreams.STATE), 0.5, np.float32)}
    given = inputs(component, np.random.default_rng(2))
    for bad in (np.nan, np.inf, -np.inf):
        runner({**given, "uniform": np.array([[0.5, bad, 0.5, 0.5]], np.float32)})
        assert runner.keep() is False
        np.testing.assert_array_equal(runner.state["state.h"], 0.5)
    runner(given)
    assert runner.keep() is True
    assert np.isfinite(runner.state["state.h"]).all()


def test_a_runs_outputs_are_not_overwritten_by_the_next(cuda, dream):
    component, chance = dream.components["decode"], np.random.default_rng(3)
    card, host = loaded(component), cpu.load(component)
    asked = [inputs(component, chance) for _ in range(4)]
    pictures = [card(each)["frame"] for each in asked]
    assert pictures[0].shape == (32, 64, 4)
    assert cuda.holding(pictures[0].pointer, 32 * 64 * 4)
    for given, picture in zip(asked, pictures, strict=True):
        np.testing.assert_array_equal(picture.pixels(), host(given)["frame"][0])
    latents = [loaded(dream.components["encode"])(inputs(dream.components["encode"], chance)) for _ in range(2)]
    assert not np.array_equal(latents[0]["latent"], latents[1]["latent"])


def test_clips_and_effects_run_too(cuda, tmp_path, monkeypatch):
    monkeypatch.setattr(guard, "prove", lambda data, sha256: None)
    chance = np.random.default_rng(4)
    clip = read.load(dreams.tiny(tmp_path / "clip.onnx", frames=3, layers=True)).components["decode"]
    given = inputs(clip, chance)
    made, expected = loaded(clip)(given), cpu.load(clip)(given)
    np.testing.assert_array_equal(made["layer.back"], expected["layer.back"])  # three pictures at once: on the host
    np.testing.assert_array_equal(made["layer.front"].pixels(), expected["layer.front"][0])
    effect = read.load(dreams.invert(tmp_path / "invert.onnx")).components["apply"]
    card, host = loaded(effect), cpu.load(effect)
    for _ in range(3):
        given = inputs(effect, chance)
        np.testing.assert_array_equal(card(given)["frame"].pixels(), host(given)["frame"][0])
        assert card.keep()
        host.keep()
        np.testing.assert_array_equal(card.state["state.last"], host.state["state.last"])


def test_the_card_gets_its_memory_back(cuda, dream):
    runner = loaded(dream.components["decode"])
    picture = runner(inputs(dream.components["decode"], np.random.default_rng(5)))["frame"]
    assert cuda.memory
    kept = picture.pixels().copy()
    pixels = picture.pixels()
    del runner, picture
    gc.collect()
    np.testing.assert_array_equal(pixels, kept)  # it is still being read
    del pixels
    gc.collect()
    assert not cuda.memory


@pytest.mark.parametrize(
    ("failing", "spoil", "said"),
    [
        ("cudaMalloc", None, "engine-rtx: step: CUDA: 2"),
        ("cudaMemcpyAsync", None, "engine-rtx: step: CUDA: 2"),
        (None, lambda model: b"bad", "engine-rtx: step: bad magic"),
        (None, "decode", "engine-rtx: step: its plan is of another component"),
        (None, "larger", "engine-rtx: step: its plan is of another component"),
        (None, "unwatched", "engine-rtx: step: its plan is of another component"),
    ],
)
def test_every_failure_is_one_line(cuda, dream, tmp_path, failing, spoil, said):
    step = dream.components["step"]
    data = plan.source_model(step)
    if spoil == "decode":
        data = dream.components["decode"].model
    elif spoil == "larger":  # it would write outside of the memory for z = 8
        data = plan.source_model(read.load(dreams.tiny(tmp_path / "larger.onnx", z=16)).components["step"])
    elif spoil == "unwatched":
        data = step.model
    elif spoil:
        data = spoil(data)
    cuda.failing = failing
    with pytest.raises(UserError) as refused:
        engine_runner.load(step, plan.Plan(HERE, "f32", "key", data))
    assert str(refused.value) == said


def test_a_component_that_takes_the_addresses_of_names_unknown_is_refused(cuda, dream):
    """Return a model with one input more, as a hostile plan could have."""
    step = dream.components["step"]
    model = onnx.ModelProto.FromString(plan.source_model(step))
    more = model.graph.input.add()
    more.CopyFrom(model.graph.input[0])
    more.name = "step/latent.more"
    with pytest.raises(UserError, match="its plan is of another component"):
        engine_runner.load(step, plan.Plan(HERE, "f32", "key", model.SerializeToString()))


@pytest.mark.skipif(real is None, reason="needs cuda-bindings: pip install 'livedream[engine]'")
def test_the_real_card_is_named_or_missed_in_one_line(dream):
    try:
        name, capability = plan.card()
    except UserError as error:
        said = str(error)
        with pytest.raises(UserError, match="no CUDA card answers"):
            engine_runner.load(dream.components["step"], plan.Plan(HERE, "f32", "key", b"bad"))
    else:
        said, capability = name, int(capability.removeprefix("SM"))
    assert said.isprintable()
    assert cuda_picture.available() or "no CUDA card answers" in said
