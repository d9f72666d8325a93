"""The command `rebel`."""

import os
import sys

from rebel_tools.cli.start import start
from rebel_tools.search_path import forget_the_current_folder


def main(argv: "list[str] | None" = None) -> int:
    """Run `rebel argv`; return 0 on success, 1 after an error, 2 for a wrong command line."""
    if argv is None:
        forget_the_current_folder()
        from rebel_tools.cli import quick  # after the line above, like everything that is imported

        try:
            status = quick.answer(sys.argv[1:])
        except KeyboardInterrupt:
            from rebel_tools import signals

            signals.end_by(signals.INTERRUPT)
        if status is not None:
            os._exit(status)  # everything is written, and freeing the modules would take 2 ms
    return start("rebel", "rebel_tools.cli.rebel_commands", 1, argv)


if __name__ == "__main__":
    sys.exit(main())
