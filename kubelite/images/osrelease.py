"""What images of Linux distributions say of themselves in /etc/os-release."""

from __future__ import annotations

from typing import Final

_NAMES: Final = {
    "alpine": ("alpine", "Alpine Linux", "3.20.3", "v3.20"),
    "ubuntu": ("ubuntu", "Ubuntu", "24.04", "24.04.1 LTS"),
    "debian": ("debian", "Debian GNU/Linux", "12", "12 (bookworm)"),
    "centos": ("centos", "CentOS Stream", "9", "9"),
    "fedora": ("fedora", "Fedora Linux", "40", "40 (Container Image)"),
    "rockylinux": ("rocky", "Rocky Linux", "9.3", "9.3 (Blue Onyx)"),
    "almalinux": ("almalinux", "AlmaLinux", "9.4", "9.4 (Seafoam Ocelot)"),
    "amazonlinux": ("amzn", "Amazon Linux", "2023", "2023"),
}


def _text(identity: str, name: str, version: str, shown: str) -> str:
    pretty = f"{name} {shown}"
    return f'NAME="{name}"\nID={identity}\nVERSION_ID={version}\nPRETTY_NAME="{pretty}"\n'


OS_RELEASES: Final = {image: _text(*facts) for image, facts in _NAMES.items()}
"""The text by the name of the image."""
