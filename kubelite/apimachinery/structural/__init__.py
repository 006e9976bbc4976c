"""Structural schemas: what a CustomResourceDefinition says of its objects, as operations on JSON trees.

`parse` makes a tree of nodes out of an `openAPIV3Schema` once; pruning, defaulting and validation walk
objects along it. Nothing in here knows of CustomResourceDefinitions, versions or an API server.

Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema; KEP-1693 and KEP-1929 (structural schemas).
"""

from __future__ import annotations

from kubelite.apimachinery.structural.schema import Structural, UnsupportedSchema, parse

__all__ = ["Structural", "UnsupportedSchema", "parse"]
