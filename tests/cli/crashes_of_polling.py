"""Commands that die: polling."""

from __future__ import annotations

from tests.cli.crashing import Told, stands, written
from tests.services.test_crash_points_of_the_road import CONTACTS_ONLY
from tests.services.world import ACCOUNT

COMMANDS = {
    "poll": Told(args=("poll", ACCOUNT), before=written),
    "poll, now": Told(args=("poll", ACCOUNT, "--now", "--resource", "contact"), before=stands(settings=CONTACTS_ONLY)),
}
