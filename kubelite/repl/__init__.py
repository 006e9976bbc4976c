"""`kubelite repl`: a prompt with a cluster in scope.

The cluster lives on a thread of its own, so that it goes on while the prompt waits; what has an `await` at
its top level, and in the plain prompt every statement, runs on the cluster's loop.
"""
