"""CustomResourceDefinitions and the resources that they define.

`definition` is the strategy of the definitions themselves, `validation` and its neighbours judge them,
`naming` says which of their names hold and what their conditions are. `kind` compiles a definition, and
`strategy` answers for its custom resources. Nothing in here is global: definitions come and go with their
cluster.

Source: k8s.io/apiextensions-apiserver.
"""
