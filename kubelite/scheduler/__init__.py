"""kube-scheduler: a pure scheduling cycle and the actor around it.
"""
