"""What stands behind a Service: Endpoints, EndpointSlices, and mirrors of Endpoints made by hand."""
