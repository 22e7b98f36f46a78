"""ONNX Runtime's providers: what each is called, what brings it, and how a session is opened on it alone.

ONNX Runtime goes to the CPU with no more than a word on stderr when a provider does not load, so a session is believed
only after it was asked who runs it. No session is opened, and no plug-in loaded, before one is wanted.
"""

import contextlib
import ctypes
import functools
import importlib
import importlib.util
import io
import json
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import livedream
from livedream import UserError, did_you_mean
from livedream.system import machine, paths

_WHEEL = "pip uninstall -y onnxruntime; pip install "


@dataclass(frozen=True)
class Provider:
    """One way to run a component.

    name: as `--device` and /status say it. ep: ONNX Runtime's name. install: the command that brings it. module: the
    plug-in's Python package, "" if it is compiled into ONNX Runtime. systems: sys.platform of those that have it, ()
    for all. memory: the device type of values that stay there between runs, "" if all goes through the host. options:
    of every session; exact: besides, where all must be f32; graph: besides, to record a run once and replay it. kept:
    the option that names the folder for what it compiled.
    """

    name: str
    ep: str
    install: str
    module: str = ""
    systems: tuple[str, ...] = ()
    memory: str = ""
    options: dict[str, str] = field(default_factory=dict)
    exact: dict[str, str] = field(default_factory=dict)
    graph: dict[str, str] = field(default_factory=dict)
    kept: str = ""


# In the order of the speed that is to be expected; which is fastest here is measured (choose.py).
TABLE = (
    *(
        Provider(name, "", f"pip install {what}", module=module, systems=("linux", "win32"))
        for name, what, module in (
            ("engine-rtx", "'livedream[engine]' (NVIDIA RTX 30, 40, 50 with driver 580 or newer)", "tensorrt_rtx"),
            ("engine-trt", "tensorrt-cu13 'cuda-bindings>=13' (NVIDIA)", "tensorrt"),
        )
    ),
    Provider(
        "rtx",
        "NvTensorRTRTXExecutionProvider",
        "pip install 'livedream[rtx]' (NVIDIA RTX 30, 40, 50 with driver 580 or newer)",
        module="onnxruntime_ep_nv_tensorrt_rtx",
        systems=("linux", "win32"),
        memory="gpu",
        graph={"enable_cuda_graph": "1"},
        kept="nv_runtime_cache_path",
    ),
    Provider(
        "tensorrt",
        "TensorrtExecutionProvider",
        _WHEEL + "'onnxruntime-gpu[cuda,cudnn]', and TensorRT 10 from NVIDIA",
        systems=("linux", "win32"),
        memory="cuda",
        options={"trt_engine_cache_enable": "1", "trt_timing_cache_enable": "1"},
        graph={"trt_cuda_graph_enable": "1"},
        kept="trt_engine_cache_path",
    ),
    Provider(
        "cuda",
        "CUDAExecutionProvider",
        _WHEEL + "'onnxruntime-gpu[cuda,cudnn]' (NVIDIA with driver 580 or newer)",
        systems=("linux", "win32"),
        memory="cuda",
        exact={"use_tf32": "0"},
        graph={"enable_cuda_graph": "1"},
    ),
    Provider(
        "coreml",
        "CoreMLExecutionProvider",
        "pip install --force-reinstall onnxruntime (it is in the wheel for macOS)",
        systems=("darwin",),
        options={"ModelFormat": "MLProgram", "RequireStaticInputShapes": "1"},
        kept="ModelCacheDirectory",
    ),
    Provider(
        "directml", "DmlExecutionProvider", _WHEEL + "onnxruntime-directml (or livedream[webgpu])", systems=("win32",)
    ),
    Provider(
        "webgpu",
        "WebGpuExecutionProvider",
        "pip install 'livedream[webgpu]' (any graphics card)",
        module="onnxruntime_ep_webgpu",
        memory="gpu",
        graph={"enableGraphCapture": "1"},
    ),
    Provider(
        "openvino",
        "OpenVINOExecutionProvider",
        "pip install 'livedream[openvino]' (Intel processors and graphics)",
        module="onnxruntime_ep_openvino",
        systems=("linux", "win32"),
    ),
    Provider("cpu", "CPUExecutionProvider", "pip install --force-reinstall onnxruntime"),
)
BY_NAME = {each.name: each for each in TABLE}
DEVICES = ("auto", *BY_NAME)  # what `--device` takes

_registered: dict[str, str] = {}  # plug-ins by module: "" or why it could not be loaded
_registering = threading.Lock()


def by_name(name: str) -> Provider:
    """The provider that `--device` means. UserError."""
    if name not in BY_NAME:
        raise UserError(f"--device {name}: should be one of {', '.join(DEVICES)}{did_you_mean(name, DEVICES)}")
    return BY_NAME[name]


def missing(provider: Provider) -> str:
    """Why it need not be tried, with what to install; "" if it is installed. Loads no driver."""
    if provider.systems and sys.platform not in provider.systems:
        return f"not for this system ({sys.platform})"
    if provider.module:
        there = importlib.util.find_spec(provider.module) is not None
    else:
        import onnxruntime

        there = provider.ep in onnxruntime.get_available_providers()  # what was compiled in: it may not load
    return "" if there else f"not installed: {provider.install}"


def ready(provider: Provider) -> None:
    """UserError, one line, if it is plain before a dream is tried that it cannot run."""
    if why := missing(provider):
        raise UserError(f"{provider.name}: {why}")
    if provider.name.startswith("engine-"):  # TensorRT by itself, without ONNX Runtime
        from livedream.backend import plan

        plan.card()
    elif provider.module:
        plugin_device(provider)


def open_session(
    provider: Provider, model: bytes, *, exact: bool = True, graph: bool = False, threads: int | None = None
):
    """An onnxruntime.InferenceSession that this provider really runs.

    exact: no calculation below f32. graph: record and replay. threads: of the processor, where it is that which
    calculates. Raises UserError, one line that says why not.
    """
    import onnxruntime as ort

    ready(provider)
    options = ort.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    options.enable_mem_pattern = False  # DirectML and WebGPU's recording want none
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    chosen = provider.options | (provider.exact if exact else {}) | (provider.graph if graph else {})
    try:
        if provider.kept:
            chosen |= {provider.kept: str(_folder(provider))}
        if provider.memory == "cuda":
            _cuda_libraries()
        if provider.module:
            device = plugin_device(provider)
            if provider.name == "openvino":
                chosen |= _openvino(device, exact, threads)
            options.add_provider_for_devices([device], chosen)
            session = ort.InferenceSession(model, options, enable_fallback=0)
        else:
            session = ort.InferenceSession(model, options, providers=[(provider.ep, chosen)], enable_fallback=0)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{provider.name}: {one_line(error)}") from None
    _believe(session, provider)
    return session


def plugin_device(provider: Provider):
    """The onnxruntime.OrtEpDevice of a plug-in that is the best here; loads the plug-in, once a process. UserError."""
    import onnxruntime as ort

    with _registering:
        if provider.module not in _registered:
            _registered[provider.module] = _register(provider)
    if why := _registered[provider.module]:
        raise UserError(f"{provider.name}: its plug-in does not load: {why}")
    devices = [each for each in ort.get_ep_devices() if each.ep_name == provider.ep]
    if not devices:
        raise UserError(f"{provider.name}: its plug-in finds no device that it can use here")
    return min(devices, key=lambda each: ("GPU", "CPU", "NPU").index(each.device.type.name))


def _register(provider: Provider) -> str:
    import onnxruntime as ort

    try:
        plugin = importlib.import_module(provider.module)
        # The RTX wheel brings CUDA's runtime under a name that the loader does not look for.
        for library in Path(plugin.__file__).parent.glob("libcudart.so.*"):
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        ort.register_execution_provider_library(plugin.get_ep_name(), plugin.get_library_path())
    except Exception as error:
        return one_line(error)
    return ""


def _folder(provider: Provider) -> Path:
    """Of what it compiled for this version of it."""
    import onnxruntime as ort

    plugin = machine.version_of(provider.module.replace("_", "-")) if provider.module else ""
    folder = paths.cache_folder("compiled") / f"{provider.name}-{ort.__version__}-{plugin}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@functools.cache
def _cuda_libraries() -> None:
    """Load CUDA and cuDNN from NVIDIA's wheels, if they lie there; it tells of what it does not find by printing."""
    import onnxruntime as ort

    with contextlib.redirect_stdout(io.StringIO()):
        ort.preload_dlls()


def _believe(session, provider: Provider) -> None:
    """UserError if the CPU does the work after all."""
    if session.get_providers()[0] != provider.ep:
        raise UserError(f"{provider.name}: ONNX Runtime left it out without a word and would run on the CPU")
    if provider.name == "cpu" or not hasattr(session, "get_provider_graph_assignment_info"):
        return
    counts: dict[str, int] = {}
    for part in session.get_provider_graph_assignment_info():
        counts[part.ep_name] = counts.get(part.ep_name, 0) + len(part.get_nodes())
    here, all_ = counts.get(provider.ep, 0), sum(counts.values())
    if here * 2 < all_:
        raise UserError(f"{provider.name}: leaves {all_ - here} of {all_} operations to the CPU")


def _openvino(device, exact: bool, threads: int | None) -> dict[str, str]:
    """Its precision is a wish of its own: bf16 where the processor has it, f16 on graphics."""
    where = device.ep_metadata.get("ov_device", "CPU")
    capable = device.ep_metadata.get("OPTIMIZATION_CAPABILITIES", "")
    half = "bf16" if "BF16" in capable else "f16"
    wishes = {"INFERENCE_PRECISION_HINT": "f32" if exact else half, "PERFORMANCE_HINT": "LATENCY"}
    if threads and where == "CPU":
        wishes["INFERENCE_NUM_THREADS"] = str(threads)
    return {"load_config": json.dumps({where: wishes})}


def one_line(error: Exception) -> str:
    """What a driver said, in one line."""
    said = livedream.one_line(error, 10_000)
    if "libcuda.so.1: cannot open" in said or "nvcuda.dll" in said:
        return "no NVIDIA driver is installed here"
    for noise in ("[ONNXRuntimeError] : ", "FAIL : "):
        said = said.partition(noise)[2] or said
    return said[:240]
