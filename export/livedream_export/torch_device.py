"""Chooses the device of training, its precision and its threads."""

import time

import torch

from livedream import UserError


def choose(name: str = "auto") -> torch.device:
    """Return the device of that name: auto, cpu, cuda or mps. Raises UserError when there is none."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name not in ("cpu", "cuda", "mps"):
        raise UserError(f"--device {name}: training runs on auto, cpu, cuda or mps")
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available[name]:
        raise UserError(f"--device {name}: PyTorch finds none here; use --device cpu, or install a torch for it")
    if name == "cuda":  # same shapes at every step, and no need for all of float32's bits
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True
    return torch.device(name)


def half_precision(device: torch.device) -> torch.autocast:
    """Return a context in which convolutions and products run in bfloat16, where the hardware has it."""
    fast = _cuda() if device.type == "cuda" else device.type == "cpu" and _cpu()
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


def _cuda() -> bool:
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def _cpu() -> bool:
    checks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(check is not None and check() for check in checks)


def choose_threads(device: torch.device, widths: tuple[int, int], batch: int) -> None:
    """Let PyTorch use one thread or all, whichever trains faster now, by a convolution between so many channels.

    Beside other work, one core is several times as fast as all of them, which wait for each other at every layer.
    """
    most = torch.get_num_threads()
    if device.type != "cpu" or most < 2:
        return
    layer = torch.nn.Conv2d(*widths, 3, padding=1)
    picture = torch.rand(batch, widths[0], 24, 24)
    took: dict[int, float] = {}
    for threads in (most, 1, most, 1):
        torch.set_num_threads(threads)
        begun = time.perf_counter()
        for _ in range(12):
            layer(picture).sum().backward()
        took[threads] = min(took.get(threads, 1e9), time.perf_counter() - begun)
    torch.set_num_threads(1 if took[1] < 1.1 * took[most] else most)
