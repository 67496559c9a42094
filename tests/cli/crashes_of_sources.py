"""Commands that die: what the relay knows of shops and payment providers, and imports from them."""

from __future__ import annotations

from tests.cli.crashing import Told
from tests.services.shops import open_shop
from tests.services.world import ACCOUNT, shopify_order

IMPORT = ("import", "--account", ACCOUNT, "--source", "shopify", "--from", "2026-03-01", "--to", "2026-03-04")


def a_shop(road):
    """Two orders that no webhook told of."""
    shop = open_shop(road.world, "shopify")
    shop.largest_page = 1
    for number in (1, 2):
        road.world.shops.change(shop, "orders", shopify_order(number), road.world.clock.now().timestamp())


COMMANDS = {
    "source set": Told(
        args=("source", "set", ACCOUNT, "woocommerce", "--base-url", "https://shop.example", "--token-file", "-"),
        stdin="ck_key:cs_secret",
    ),
    "source show": Told(args=("source", "show", ACCOUNT), before=a_shop),
    "source remove": Told(args=("source", "remove", ACCOUNT, "shopify"), before=a_shop, again=("provider_unknown",)),
    "import": Told(args=IMPORT, before=a_shop, hours=1),
    "import, a dry run": Told(args=(*IMPORT, "--dry-run"), before=a_shop),
}
