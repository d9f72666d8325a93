"""The command `symbol-audit`."""

import sys

from rebel_tools.cli.start import start


def main(argv: "list[str] | None" = None) -> int:
    """Run `symbol-audit argv` and return the exit status, see `symbol_audit_commands`; as a command, end with it."""
    status = start("symbol-audit", "rebel_tools.cli.symbol_audit_commands", 3, argv)
    if argv is None:
        from rebel_tools.process import leave

        leave(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
