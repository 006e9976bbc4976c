"""The public surface is small, explicit, lazy, and says what the README says."""

import subprocess
import sys

import pytest

import kubelite


def test_every_public_name_can_be_had():
    assert len(kubelite.__all__) <= 25
    assert all(getattr(kubelite, name) is not None for name in kubelite.__all__)
    assert dir(kubelite) == sorted(kubelite.__all__)


def test_importing_kubelite_loads_nothing_heavy():
    heavy = ("aiohttp", "cryptography", "yaml", "asyncio")
    code = f"import sys, kubelite; print([m for m in {heavy} if m in sys.modules])"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        kubelite.nothing_of_the_kind  # noqa: B018
