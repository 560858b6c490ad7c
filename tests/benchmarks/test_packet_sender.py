"""The sender of the benchmark of interfaces finds the frames of a capture."""

from importlib import import_module

from tests.read.crafted_packets import ethernet, ipv4, make_response, pcap, udp


def test_frames_of_a_capture() -> None:
    frames = [ethernet(ipv4(udp(make_response(name)))) for name in ("a.example.", "bb.example.")]
    octets = pcap(*frames)
    found = import_module("packet_sender").frames_of(octets)
    assert [octets[at : at + size] for at, size in found] == frames
