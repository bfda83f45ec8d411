"""``python -m pipeline`` is ``attune``."""

from pipeline.cli import main

main()
