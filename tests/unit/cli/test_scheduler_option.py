"""`--scheduler-config`: what cannot be used gets one line that says what and where."""

from __future__ import annotations

import pytest

from kubelite.cli.main import UsageError, make_parser
from kubelite.cli.up import cluster_options

HEAD = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"


@pytest.mark.parametrize("command", ["up", "repl", "run"])
def test_every_command_with_a_cluster_takes_profiles(command, tmp_path):
    file = tmp_path / "scheduler.yaml"
    file.write_text(HEAD + "profiles: [{schedulerName: a}, {schedulerName: b}]\n", encoding="utf-8")
    options = cluster_options(make_parser().parse_args([command, "--scheduler-config", str(file)]))
    assert set(options["scheduler"].profiles) == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("profiles: [", "did not find"),
        ("- 1\n", "objects with apiVersion and kind"),
        (HEAD + "---\n" + HEAD, "one KubeSchedulerConfiguration is wanted, not 2"),
        (HEAD + "profiles: [{schedulerNme: a}]\n", "profiles[0].schedulerNme: Forbidden: unknown field"),
    ],
)
def test_what_cannot_be_used_gets_one_line_that_names_file_and_field(text, words, tmp_path):
    file = tmp_path / "scheduler.yaml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        cluster_options(make_parser().parse_args(["up", "--scheduler-config", str(file)]))
    said = str(error.value)
    assert said.startswith(f"--scheduler-config {file}: ")
    assert words in said
    assert "\n" not in said
