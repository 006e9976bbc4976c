"""The one door to the API server: requests, in-process and HTTP flavours, reflector, informer."""
