"""The processor's own runner behind another face, for tests that break one: a subclass says what goes wrong."""

from livedream.backend import cpu


class WrappedRunner:
    """Runs a component on the processor; state and `keep` are the wrapped runner's."""

    provider = "cpu"

    def __init__(self, component):
        self.runner = cpu.load(component)
        self.keep = self.runner.keep

    @property
    def state(self):
        return self.runner.state

    @state.setter
    def state(self, state):
        self.runner.state = state

    def __call__(self, inputs):
        return self.runner(inputs)
