"""Arrays as bash has them, and the variables that differ each time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from fakes import sh  # noqa: E402


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        (
            "a=(foo bar baz); i=1; echo ${a[$i]} ${a[i]} $a ${a[-1]} ${#a[@]} ${#a[2]} ${a[9]:-none}",
            "bar bar foo baz 3 3 none",
        ),
        (
            'a=("x y" z ""); for e in "${a[@]}"; do printf "[$e]"; done; printf "<%s>" ${a[@]}',
            "[x y][z][]<x><y><z>",
        ),
        (
            'a=(1 2); a+=(3); a[7]=8; echo ${!a[@]}; unset "a[1]"; echo ${a[@]}; unset a; echo ${#a[@]}',
            "0 1 2 7\n1 3 8\n0",
        ),
        (
            'a=(one two three); IFS=,; echo "${a[*]}" "${a[@]:1:1}" "${a[@]/o/0}" "${a[@]^}" "${@:2}"',
            "one,two,three two 0ne tw0 three One Two Three p2",
        ),
        (
            'declare -A m=([x]=1 ["b c"]=2); (( m[x] += 4 )); m[z]+=q; echo ${m[x]} ${m[b c]} ${m[z]}',
            "5 2 q",
        ),
        ('f() { local -a l=(a b); l+=(c); echo "${l[@]}"; }; l=(outer); f; echo "${l[@]}"', "a b c\nouter"),
        (
            'printf "x\\ny z\\n" | { mapfile -t l; echo ${l[1]}; }; read -ra w <<< "a b  c"; echo ${w[2]}',
            "y z\nc",
        ),
        (
            "a=(3 1); for ((i=0; i<${#a[@]}; i++)); do echo -n $((a[i]*2)); done; (a[0]=9); echo ${a[0]}",
            "623",
        ),
        ("x=5; n=x; a=(p q); r='a[1]'; echo ${!n} ${!r}; x+=b; echo $x", "5 q\n5b"),
        (
            "a=([2]=c\n # comment\n [0]=a); echo ${a[@]} ${!a[@]}; readonly r=(1 2); echo ${r[1]}",
            "a c 0 2\n2",
        ),
    ],
)
def test_arrays(script, printed):
    result = sh(script, "p1", "p2", shell="bash")
    assert (result.out.rstrip("\n"), result.err) == (printed, "")


def test_only_bash_has_arrays():
    result = sh("echo a; b=(c)")
    assert (result.status, result.out, result.err) == (2, "a\n", 'sh: syntax error: unexpected "("\n')
    assert sh("a=(1; 2)", shell="bash").status == 2


def test_random_and_seconds_differ_until_they_are_set():
    out = sh("echo $RANDOM $RANDOM $((RANDOM % 2 < 2)) $SECONDS; RANDOM=7; echo $RANDOM", shell="bash").out
    first, second, below, seconds = out.splitlines()[0].split()
    assert first != second
    assert (below, seconds) == ("1", "0")
    assert max(int(first), int(second)) < 1 << 15
    assert out.splitlines()[1] == "7"


def test_what_is_written_to_a_script_arrives_though_the_shell_ends():
    result = sh("exec > >(sed 's/^/log: /') 2>&1; echo one; echo two >&2", shell="bash")
    assert (result.out, result.status) == ("log: one\nlog: two\n", 0)


def test_a_file_of_a_script_is_gone_after_its_command():
    result = sh(
        "cat <(echo a) <(echo b); ls /dev/fd; echo x | tee >(cat >up) >/dev/null; cat up", shell="bash"
    )
    assert result.out == "a\nb\nx\n"
