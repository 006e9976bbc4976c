"""The same seed, the same numbers: whatever else is drawn, in whatever process."""

from __future__ import annotations

import subprocess
import sys
import uuid

from hypothesis import given
from hypothesis import strategies as st

from kubelite.runtime import Randomness
from kubelite.runtime.randomness import SUFFIX_ALPHABET


def draw(random):
    items = list(range(9))
    random.shuffle(items)
    return (
        random.random(),
        random.uniform(1, 2),
        random.randrange(100),
        random.choice("xyz"),
        items,
        random.uuid4(),
    )


@given(st.integers(0), st.text(max_size=8))
def test_a_stream_is_a_function_of_seed_and_name(seed, name):
    assert draw(Randomness(seed).fork(name)) == draw(Randomness(seed).fork(name))


def test_streams_do_not_depend_on_the_use_of_others():
    one, two = Randomness(1), Randomness(1)
    two.random()
    two.fork("other").random()
    assert draw(one.fork("a")) == draw(two.fork("a"))


def test_streams_of_different_names_and_depths_differ():
    root = Randomness(1)
    streams = [root, root.fork("a"), root.fork("b"), root.fork("a").fork("b"), root.fork("a").fork("a")]
    assert len({stream.random() for stream in streams}) == len(streams)


def test_numbers_do_not_depend_on_the_hash_seed():
    program = "from kubelite.runtime import Randomness as R; r = R(5).fork('x'); print(r.uuid4(), r.suffix())"
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_without_a_seed_one_is_taken_and_told():
    random = Randomness()
    assert draw(Randomness(random.seed)) == draw(Randomness(random.seed))


def test_uuids_and_suffixes_have_their_form():
    random = Randomness(1)
    assert uuid.UUID(random.uuid4()).version == 4
    assert len(random.suffix()) == 5
    assert set(random.suffix(500)) == set(SUFFIX_ALPHABET)


def test_uuids_are_of_version_4_and_follow_the_seed():
    one, other = Randomness(7), Randomness(7)
    made = [one.uuid4() for _ in range(50)]
    assert made == [other.uuid4() for _ in range(50)]
    assert len(set(made)) == 50
    for text in made:
        parsed = uuid.UUID(text)
        assert (parsed.version, parsed.variant, str(parsed)) == (4, uuid.RFC_4122, text)
