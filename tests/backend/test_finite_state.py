"""A state that is not finite shows in one number."""

import numpy as np
import onnxruntime as ort
import pytest

from livedream.backend import finite_state
from tests import dreams


@pytest.mark.parametrize("bad", [None, np.nan, np.inf, -np.inf])
def test_one_number_tells_whether_the_state_is_finite(bad):
    model = dreams.step_model()
    for value in (*model.graph.input, *model.graph.output):
        assert "/" not in value.name
    watched = finite_state.with_check(model.SerializeToString(), "step", ["next.state.h", "next.latent"])
    session = ort.InferenceSession(watched, providers=["CPUExecutionProvider"])
    feeds = {each.name: np.full(each.shape, 0.5, np.float32) for each in session.get_inputs()}
    if bad is not None:
        feeds["uniform"][0, -1] = bad
    made = dict(zip((each.name for each in session.get_outputs()), session.run(None, feeds), strict=True))
    assert made["step/health"].shape == (1, 1)
    assert np.isfinite(made["step/health"]).all() == (bad is None)
    if bad is None:
        total = np.abs(made["next.state.h"]).sum() + np.abs(made["next.latent"]).sum()
        assert made["step/health"][0, 0] == pytest.approx(total, rel=1e-5)


def test_a_model_without_state_is_unchanged():
    assert finite_state.with_check(b"anything", "decode", []) == b"anything"
