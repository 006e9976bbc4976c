"""The kinds as data: schema facts, resources, types, defaults, validation, table columns."""
