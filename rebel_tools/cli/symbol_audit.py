"""The command `symbol-audit`."""

import sys

from rebel_tools.cli.start import start


def main(argv: "list[str] | None" = None) -> int:
    """Run `symbol-audit argv` and return the exit status, see `symbol_audit_commands`."""
    return start("symbol-audit", "rebel_tools.cli.symbol_audit_commands", 3, argv)


if __name__ == "__main__":
    sys.exit(main())
