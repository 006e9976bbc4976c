"""SPDY framing: what one end writes the other reads, however the bytes are cut."""

import zlib

import hypothesis.strategies as st
import pytest
from hypothesis import given

from kubelite.network import spdy

TEXTS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
HEADERS = st.dictionaries(TEXTS.map(str.lower), TEXTS, max_size=4)
IDS = st.integers(1, 2**31 - 1)


@st.composite
def conversations(draw):
    """Frames and the bytes that one framer made of them, in order."""
    writer, frames, wire = spdy.Framer(), [], b""
    for _ in range(draw(st.integers(1, 6))):
        stream_id = draw(IDS)
        match draw(st.sampled_from(["open", "data", "reset", "ping"])):
            case "open":
                headers = draw(HEADERS)
                frames.append(spdy.StreamOpened(stream_id, headers))
                wire += writer.syn_stream(stream_id, headers)
            case "data":
                data, fin = draw(st.binary(max_size=50)), draw(st.booleans())
                frames.append(spdy.DataReceived(stream_id, data, fin))
                wire += spdy.data_frame(stream_id, data, fin=fin)
            case "reset":
                frames.append(spdy.StreamReset(stream_id))
                wire += spdy.reset_frame(stream_id)
            case _:
                frames.append(spdy.PingReceived(stream_id))
                wire += spdy.ping_frame(stream_id)
    return frames, wire


@given(conversations(), st.data())
def test_frames_come_out_as_they_went_in(conversation, data):
    frames, wire = conversation
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=5)))
    reader, read = spdy.Framer(), []
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        read += reader.receive(wire[start:end])
    assert read == frames


def test_the_dictionary_is_that_of_the_draft():
    assert (len(spdy.DICTIONARY), zlib.adler32(spdy.DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_replies_are_read_for_the_sake_of_the_compressor():
    writer, reader = spdy.Framer(), spdy.Framer()
    assert reader.receive(writer.syn_reply(1, {"a": "b"})) == []
    opened = reader.receive(writer.syn_stream(3, {"streamType": "error"}))
    assert opened == [spdy.StreamOpened(3, {"streamtype": "error"})]


@pytest.mark.parametrize(
    "wire",
    [
        b"\x80\x02\x00\x01\x00\x00\x00\x00",  # version 2
        b"\x80\x03\x00\x01\x00\x00\x00\x02\x00\x00",  # too short
        b"\x80\x03\x00\x01\x00\x00\x00\x0e" + bytes(10) + b"abcd",  # headers that are no zlib
        b"\x00\x00\x00\x01\x00\xff\xff\xff",  # too long
    ],
)
def test_what_is_no_spdy_is_refused(wire):
    with pytest.raises(spdy.SPDYError):
        spdy.Framer().receive(wire)


def test_headers_that_unfold_too_far_are_refused():
    bomb = zlib.compressobj(zdict=spdy.DICTIONARY)
    block = bomb.compress(bytes(10 * spdy.HEADER_BLOCK_BYTES_MAX)) + bomb.flush(zlib.Z_SYNC_FLUSH)
    payload = bytes(10) + block
    wire = b"\x80\x03\x00\x01" + len(payload).to_bytes(4, "big") + payload
    with pytest.raises(spdy.SPDYError, match="more than"):
        spdy.Framer().receive(wire)
