"""What controllers share: work queue, intents and their executor, expectations, ownership.

Here belongs what any reconciling component needs and what knows no kind in particular. Plans are pure and
live in `controllers`; only the executor talks to the API server, only through `kubelite.client`.
"""
