"""Ports of local servers: given out before the server listens, so nobody else may come to hold them in between."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from infra.local import processes
from infra.local.processes import HOST, free_port

GIVEN_TO_CONNECTIONS = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(not GIVEN_TO_CONNECTIONS.exists(), reason="only Linux says which ports connections are given")
def test_no_outgoing_connection_is_given_the_port_of_a_server_to_come():
    lowest = int(GIVEN_TO_CONNECTIONS.read_text(encoding="ascii").split()[0])
    assert all(free_port() < lowest for _ in range(200))


def test_a_port_somebody_listens_at_is_passed_over(monkeypatch):
    free = free_port()
    with socket.create_server((HOST, 0)) as busy:
        monkeypatch.setattr(processes, "_PORTS", (busy.getsockname()[1], free))
        assert {free_port() for _ in range(20)} == {free}


def test_where_every_port_is_taken_it_says_so(monkeypatch):
    with socket.create_server((HOST, 0)) as busy:
        port = busy.getsockname()[1]
        monkeypatch.setattr(processes, "_PORTS", range(port, port + 1))
        with pytest.raises(RuntimeError, match="no free port"):
            free_port()
