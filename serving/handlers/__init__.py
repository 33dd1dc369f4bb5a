"""What a server does with a request, for gRPC and REST alike."""
