"""Every method of every port is a crash point of some story: of the writer's, of the road's, or of a command's."""

from __future__ import annotations

import pytest

from tests.cli import test_crash_points as commands
from tests.services import test_crash_points as writer
from tests.services import test_crash_points_of_healing as healing
from tests.services import test_crash_points_of_the_road as road
from tests.services.wire import PROTOCOLS, methods, protocols


def reached(folder):
    """Calls of ports, by their names, and how many crash points they are."""
    calls = [call for name in writer.STORIES for call in writer.undisturbed(name)[-1]]
    for name in road.JOURNEYS:
        _, names, processes = road.undisturbed(name)
        calls += [names[at] for at, _ in road.crash_points(names, processes)]
    calls += [call for name in healing.STORIES for call in healing.undisturbed(name)[-1]]
    return calls + [call for name in commands.COMMANDS for call in commands.undisturbed(name, folder)[1]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sent")


def test_every_method_of_every_port_has_a_crash_point(folder):
    calls = reached(folder)
    wanted = {f"{protocol.__name__}.{method}" for protocol in protocols() for method in methods(protocol)}
    killed = {
        f"{PROTOCOLS[port].__name__}.{method}"
        for port, method in (call.split(".") for call in calls if "queues" not in call)
    }
    late = calls.count("holded.call")

    print(
        f"{len(calls)} crash points, each before and after, and {late} committed late: {2 * len(calls) + late} deaths"
    )
    assert {each.__name__ for each in protocols()} == {each.__name__ for each in PROTOCOLS.values()}
    assert wanted - killed == set()
