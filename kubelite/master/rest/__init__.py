"""The HTTP door of the API server: grammar, negotiation, discovery, streaming; no rule about any kind."""
