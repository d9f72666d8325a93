"""Mini, a small interpreter: the core that extensions plug into."""
from evaluator import Evaluator
from loader import PATH
from objspace import OperationError
from sepcomp import entrypoint


@entrypoint(str, str)
def run(source, folder):
    """Run a program; `folder` is where its extension modules are. Returns what it printed."""
    PATH.folder = folder
    evaluator = Evaluator()
    try:
        evaluator.run(source)
    except OperationError as e:
        evaluator.output.append(e.kind + ": " + e.w_value.text())
    return "\n".join(evaluator.output) + "\n"
