"""`python -m mintmark` is the command line."""

from mintmark.cli import main

raise SystemExit(main())
