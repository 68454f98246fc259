from __future__ import annotations

import socket

from core.serving.prompt import send_at_once


def test_who_connects_afterwards_gets_small_answers_at_once():
    """Head and body of an answer went 44 ms apart: the second part waited for the first one's acknowledgement."""
    with socket.socket() as server:  # as Streamlit makes it: no protocol named, so asyncio leaves it alone
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert send_at_once() >= 1
        with socket.create_connection(server.getsockname()), server.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
