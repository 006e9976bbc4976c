"""Each row of the registry says of its reconciler what that says of itself."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import attrs
import pytest

from kubelite.apimachinery.lazy import load
from kubelite.controllers import registry
from kubelite.controllers.job import pods as jobpods
from kubelite.controllers.nodelifecycle import health as nodehealth
from kubelite.controllers.nodelifecycle import podgc
from kubelite.controllers.registry import CONTROLLERS, ControllersConfig
from kubelite.controllers.serviceaccount import tokens
from kubelite.reconcile.controller import Reconciler
from tests.unit.controllers.desk import Desk

rows = pytest.mark.parametrize("row", CONTROLLERS, ids=lambda row: row.name)


def reconciler(row):
    return load(f"kubelite.controllers.{row.where}")


@rows
def test_a_row_names_a_reconciler_by_its_name_and_component(row):
    found = reconciler(row)
    assert issubclass(found, Reconciler)
    assert (row.name, row.component) == (found.name, found.component)


@rows
def test_the_options_of_a_row_are_set_from_what_can_be_set(row):
    parameters = set(inspect.signature(reconciler(row)).parameters)
    assert set(row.options) <= parameters
    assert {*row.options.values(), row.needs} - {""} <= {
        each.name for each in attrs.fields(ControllersConfig)
    }


@rows
def test_all_that_a_controller_reads_is_in_sync_before_it_looks(row):
    """And after a crash no older than the API server's answer; for that it has to be watched."""
    desk, read = Desk(), []
    informer = desk.informer
    desk.informer = lambda resource: read.append(resource) or informer(resource)
    config = ControllersConfig(metrics=lambda: None, signer=object(), issue_token=lambda *_: "")
    made = desk.make(reconciler(row), **{name: getattr(config, field) for name, field in row.options.items()})
    watched = [each.resource for each in made.watches()]
    assert [each.plural for each in read if each not in watched] == []


def test_no_handler_gives_its_keys_in_an_order_that_hashes_decide():
    """What they ask for is looked at in that order, and one seed is to be one run in every process."""
    found = []
    for path in Path(registry.__file__).parent.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and _answers(function) == "Iterable[str]":
                found += [f"{path.stem}.{function.name}: {each}" for each in _sets_gone_through(function)]
    assert found == []


def _answers(function):
    return "" if function.returns is None else ast.unparse(function.returns)


def _sets_gone_through(function):
    only_asked = {
        id(side) for each in ast.walk(function) if isinstance(each, ast.Compare) for side in each.comparators
    }
    for each in ast.walk(function):
        is_call = isinstance(each, ast.Call) and ast.unparse(each.func) in {"set", "frozenset"}
        if (is_call or isinstance(each, ast.Set | ast.SetComp)) and id(each) not in only_asked:
            yield ast.unparse(each)


def test_names_are_told_once():
    assert len({row.name for row in CONTROLLERS}) == len(CONTROLLERS)


def test_what_the_registry_repeats_so_as_not_to_import_it_is_true():
    config = ControllersConfig()
    assert registry.JOB_TRACKING == jobpods.TRACKING
    assert registry.NO_EXECUTE == nodehealth.NO_EXECUTE
    assert registry.SERVICE_ACCOUNT_TOKEN == tokens.TYPE
    assert (config.pod_gc_period_s, config.pod_gc_quarantine_s) == (podgc.PERIOD_S, podgc.QUARANTINE_S)
    assert config.terminated_pods_max == podgc.TERMINATED_MAX
