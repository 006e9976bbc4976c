"""What controllers share: work queue, intents, executor, expectations, ownership.
"""
