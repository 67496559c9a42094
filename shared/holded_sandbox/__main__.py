"""`python -m holded_sandbox`."""

from __future__ import annotations

import sys

from holded_sandbox.server import main

sys.exit(main())
