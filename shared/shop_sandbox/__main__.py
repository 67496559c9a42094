"""`python -m shop_sandbox`."""

from __future__ import annotations

import sys

from shop_sandbox.server import main

sys.exit(main())
