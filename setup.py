"""What setup.cfg cannot say: README.md as PyPI shows it, with links that lead somewhere from there."""

import configparser
import re
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).resolve().parent


def long_description() -> str:
    """README.md with its links to files of this repository made absolute."""
    config = configparser.ConfigParser()
    config.read(HERE / "setup.cfg", encoding="utf-8")
    home = config["metadata"]["url"]
    text = (HERE / "README.md").read_text(encoding="utf-8")
    return re.sub(r"\]\((?!https?:|#|mailto:)([^)]+)\)", rf"]({home}/blob/main/\1)", text)


setup(long_description=long_description(), long_description_content_type="text/markdown")
