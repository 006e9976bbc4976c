"""kube-proxy: turns Services and EndpointSlices into translation rules; pumps no bytes.
"""
