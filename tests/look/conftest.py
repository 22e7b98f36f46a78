"""A real OpenGL context, and looks written in the tests."""

import json

import numpy as np
import pytest

from livedream import UserError


@pytest.fixture(scope="session")
def gl():
    from livedream.look import context

    try:
        return context.create()
    except UserError as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def current(request):
    """Make the shared context current, whatever another test created since, and clear its error."""
    if "gl" in request.fixturenames:
        context = request.getfixturevalue("gl")
        context.__enter__()
        assert context.error is not None


@pytest.fixture
def write(tmp_path):
    """write(body, name=…, vertex=…, **header) writes an ISF file with that header and returns its path."""

    def make(body: str, name: str = "look", vertex: str | None = None, **header):
        path = tmp_path / f"{name}.fs"
        path.write_text("/*" + json.dumps({"ISFVSN": "2", **header}) + "*/\n" + body)
        if vertex is not None:
            path.with_suffix(".vs").write_text(vertex)
        return path

    return make


@pytest.fixture
def look(gl, write):
    """look(body, …) writes and compiles a look; arguments as for `write`."""
    from livedream.look import header, isf

    made = []

    def make(body: str, audio=None, **options):
        made.append(isf.Look(gl, header.read(write(body, **options)), audio))
        return made[-1]

    yield make
    for each in made:
        each.release()
    assert gl.error == "GL_NO_ERROR"


@pytest.fixture
def picture(gl):
    """picture(pixels) returns a texture of uint8 [H, W, 4], bottom row first."""
    made = []

    def make(pixels):
        pixels = np.ascontiguousarray(pixels, np.uint8)
        made.append(gl.texture(pixels.shape[1::-1], 4, pixels.tobytes()))
        return made[-1]

    yield make
    for each in made:
        each.release()


@pytest.fixture
def pixels():
    """pixels(texture) returns [H, W, 4], bottom row first, uint8, f16 or f32."""

    def read(texture):
        kind = {"f1": np.uint8, "f2": np.float16, "f4": np.float32}[texture.dtype]
        return np.frombuffer(texture.read(), kind).reshape(texture.height, texture.width, 4)

    return read
