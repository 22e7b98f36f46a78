"""ONNX Runtime's providers: names, how to install them, and how to open a session on one alone.

If a provider does not load, ONNX Runtime runs on the CPU with only a warning on stderr, so a session is trusted only
after it was asked who runs it. No session is opened, and no plug-in loaded, before it is needed.
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
from typing import TYPE_CHECKING, Any

import livedream
from livedream import UserError, did_you_mean
from livedream.system import machine, paths

if TYPE_CHECKING:
    import onnxruntime

_WHEEL = "pip uninstall -y onnxruntime; pip install "


@dataclass(frozen=True)
class Provider:
    """One way to run a component.

    Attributes:
        name: as in `--device` and /status.
        ep: ONNX Runtime's name.
        install: the command that installs it.
        backend: the file of this room that runs it; see backend/__init__.py.
        module: the plug-in's Python package, "" if it is compiled into ONNX Runtime.
        systems: values of sys.platform where it exists; () for all.
        memory: the device type of values that stay there between runs, "" if all go through the host.
        options: options of every session.
        exact: further options where all must be f32.
        graph: further options to record a run once and replay it.
        cache_option: the option that names the folder for compiled models, or "".
    """

    name: str
    ep: str
    install: str
    backend: str = "device_runner"
    module: str = ""
    systems: tuple[str, ...] = ()
    memory: str = ""
    options: dict[str, str] = field(default_factory=dict)
    exact: dict[str, str] = field(default_factory=dict)
    graph: dict[str, str] = field(default_factory=dict)
    cache_option: str = ""


# In the order of expected speed; choose.py measures which is fastest here.
TABLE = (
    *(
        Provider(name, "", f"pip install {what}", "engine", module, ("linux", "win32"))
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
        cache_option="nv_runtime_cache_path",
    ),
    Provider(
        "tensorrt",
        "TensorrtExecutionProvider",
        _WHEEL + "'onnxruntime-gpu[cuda,cudnn]', and TensorRT 10 from NVIDIA",
        systems=("linux", "win32"),
        memory="cuda",
        options={"trt_engine_cache_enable": "1", "trt_timing_cache_enable": "1"},
        graph={"trt_cuda_graph_enable": "1"},
        cache_option="trt_engine_cache_path",
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
        cache_option="ModelCacheDirectory",
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
    Provider("cpu", "CPUExecutionProvider", "pip install --force-reinstall onnxruntime", "cpu"),
)
BY_NAME = {each.name: each for each in TABLE}
DEVICES = ("auto", *BY_NAME)  # the values of `--device`

_registered: dict[str, str] = {}  # plug-ins by module: "" or why it could not be loaded
_registering = threading.Lock()


def by_name(name: str) -> Provider:
    """Return the provider that `--device` names. Raises UserError."""
    if name not in BY_NAME:
        raise UserError(f"--device {name}: should be one of {', '.join(DEVICES)}{did_you_mean(name, DEVICES)}")
    return BY_NAME[name]


def backend(provider: Provider) -> Any:
    """Return the module that runs a provider's components; it is imported when it is first needed."""
    return importlib.import_module(f"livedream.backend.{provider.backend}")


def missing(provider: Provider) -> str:
    """Return why a provider cannot be tried, with what to install; "" if it is installed. Loads no driver."""
    if provider.systems and sys.platform not in provider.systems:
        return f"not for this system ({sys.platform})"
    if provider.module:
        installed = importlib.util.find_spec(provider.module) is not None
    else:
        import onnxruntime

        installed = provider.ep in onnxruntime.get_available_providers()  # compiled in, though it may not load
    return "" if installed else f"not installed: {provider.install}"


def ready(provider: Provider) -> None:
    """Raise UserError, one line, if a provider cannot run any dream here."""
    if why := missing(provider):
        raise UserError(f"{provider.name}: {why}")
    backend(provider).ready(provider)


def open_session(
    provider: Provider, model: bytes, *, exact: bool = True, graph: bool = False, threads: int | None = None
) -> "onnxruntime.InferenceSession":
    """Open a session that this provider really runs.

    Args:
        provider: who runs it.
        model: a serialised ModelProto.
        exact: no calculation below f32.
        graph: record a run once and replay it.
        threads: of the processor, where that calculates.

    Raises:
        UserError: why not, in one line.
    """
    import onnxruntime as ort

    ready(provider)
    options = ort.SessionOptions()
    options.log_severity_level = 4  # errors are raised
    options.enable_mem_pattern = False  # DirectML and WebGPU's recording need it off
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    chosen = provider.options | (provider.exact if exact else {}) | (provider.graph if graph else {})
    try:
        if provider.cache_option:
            chosen |= {provider.cache_option: str(_folder(provider))}
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
    _check_assignment(session, provider)
    return session


def plugin_device(provider: Provider) -> "onnxruntime.OrtEpDevice":
    """Return the best device here of a plug-in, which is loaded once a process. Raises UserError."""
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
    """Load a plug-in; return "" or why it could not be loaded."""
    import onnxruntime as ort

    try:
        plugin = importlib.import_module(provider.module)
        # The RTX wheel brings CUDA's runtime under a name that the loader does not look for.
        for library in Path(plugin.__file__ or "").parent.glob("libcudart.so.*"):
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        ort.register_execution_provider_library(plugin.get_ep_name(), plugin.get_library_path())
    except Exception as error:
        return one_line(error)
    return ""


def _folder(provider: Provider) -> Path:
    """Return the folder of models that this version of a provider compiled."""
    import onnxruntime as ort

    plugin = machine.version_of(provider.module.replace("_", "-")) if provider.module else ""
    folder = paths.cache_folder("compiled") / f"{provider.name}-{ort.__version__}-{plugin}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@functools.cache
def _cuda_libraries() -> None:
    """Load CUDA and cuDNN from NVIDIA's wheels, if installed; it prints what it does not find."""
    import onnxruntime as ort

    with contextlib.redirect_stdout(io.StringIO()):
        ort.preload_dlls()


def _check_assignment(session: Any, provider: Provider) -> None:
    """Raise UserError if the CPU runs the session after all."""
    if session.get_providers()[0] != provider.ep:
        raise UserError(f"{provider.name}: ONNX Runtime left it out silently and would run on the CPU")
    if provider.name == "cpu" or not hasattr(session, "get_provider_graph_assignment_info"):
        return
    counts: dict[str, int] = {}
    for part in session.get_provider_graph_assignment_info():
        counts[part.ep_name] = counts.get(part.ep_name, 0) + len(part.get_nodes())
    here, all_ = counts.get(provider.ep, 0), sum(counts.values())
    if here * 2 < all_:
        raise UserError(f"{provider.name}: leaves {all_ - here} of {all_} operations to the CPU")


def _openvino(device: Any, exact: bool, threads: int | None) -> dict[str, str]:
    """Return OpenVINO's options; its half precision is bf16 where the processor has it, and f16 on graphics."""
    where = device.ep_metadata.get("ov_device", "CPU")
    capable = device.ep_metadata.get("OPTIMIZATION_CAPABILITIES", "")
    half = "bf16" if "BF16" in capable else "f16"
    hints = {"INFERENCE_PRECISION_HINT": "f32" if exact else half, "PERFORMANCE_HINT": "LATENCY"}
    if threads and where == "CPU":
        hints["INFERENCE_NUM_THREADS"] = str(threads)
    return {"load_config": json.dumps({where: hints})}


def one_line(error: Exception) -> str:
    """Return a driver's message in one line."""
    message = livedream.one_line(error, 10_000)
    if "libcuda.so.1: cannot open" in message or "nvcuda.dll" in message:
        return "no NVIDIA driver is installed here"
    for noise in ("[ONNXRuntimeError] : ", "FAIL : "):
        message = message.partition(noise)[2] or message
    return message[:240]
