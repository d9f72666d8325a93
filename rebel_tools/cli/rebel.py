"""The command `rebel`."""

import sys

from rebel_tools.cli.start import start


def main(argv: "list[str] | None" = None) -> int:
    """Run `rebel argv`; return 0 on success, 1 after an error, 2 for a wrong command line."""
    return start("rebel", "rebel_tools.cli.rebel_commands", 1, argv)


if __name__ == "__main__":
    sys.exit(main())
