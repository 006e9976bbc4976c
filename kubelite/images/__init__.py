"""What runs in containers: the Container protocol, the image registry, the built-in images.
"""
