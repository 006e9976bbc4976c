"""A POSIX shell for emulated images: a grammar, not a list of known scripts.

`lexer` and `parser` turn text into the tree of `syntax`; `expansion` and `arithmetic` make words out of it;
`interpreter` runs it over the applets that an image brings.
Source: POSIX.1-2017, Shell Command Language; where it leaves a choice, BusyBox ash.
"""
