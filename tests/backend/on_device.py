"""Play a dream on a provider and on the CPU, and print the differences as JSON; for a process of its own.

on_device.py PROVIDER DREAM [graph] [half]
"""

import json
import os
import sys

import numpy as np

from livedream import UserError
from livedream.backend import cpu, providers, trial
from livedream.backend.run_settings import RunSettings
from livedream.dream import read


def compare(name: str, path: str, graph: bool, half: bool) -> dict:
    """Return, by component, its difference in grey levels or latents; or {"missing": why}."""
    try:
        providers.ready(providers.by_name(name))
    except UserError as error:
        return {"missing": str(error)}
    dream, told = read.load(path), {}
    for component in dream.components.values():
        settings = RunSettings(name, half=half and cpu.draws(component), graph=graph)
        runner = settings.load(component, dream.path, dream.sha256)
        expected, got = (trial.play(each, component, dream) for each in (cpu.load(component), runner))
        pairs = [(there[key], here[key]) for there, here in zip(expected, got, strict=True) for key in there]
        off = [np.abs(here.astype(float) - there) for there, here in pairs]
        told[component.name] = {
            "provider": runner.provider,
            "runs": len(got),
            "mean": max(float(each.mean()) for each in off),
            "max": max(float(each.max()) for each in off),
            "moved": all(not np.array_equal(got[0][key], got[1][key]) for key in got[0]),
        }
        if component.name == "step" and "uniform" in component.inputs:
            told |= states(runner, trial.inputs(component, dream, 0, dream.mean))
    return told


def states(runner, inputs: dict) -> dict:
    """Return the state after a run that spoils it, and after a sound one."""
    runner.state = {name: np.full_like(value, 0.25) for name, value in runner.state.items()}
    before = runner.state
    runner(inputs | {"uniform": np.full_like(inputs["uniform"], np.nan)})
    spoilt = {"kept": runner.keep(), "moved": _moved(before, runner.state)}
    runner(inputs)
    good = {"kept": runner.keep(), "moved": _moved(before, runner.state)}
    return {"spoilt": spoilt, "good": good}


def _moved(before: dict, after: dict) -> bool:
    return not all(np.array_equal(before[name], after[name]) for name in before)


if __name__ == "__main__":
    print(json.dumps(compare(sys.argv[1], sys.argv[2], "graph" in sys.argv, "half" in sys.argv)), flush=True)
    os._exit(0)  # a driver may crash at exit
