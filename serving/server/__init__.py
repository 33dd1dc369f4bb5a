"""The embedded server: TF Serving's gRPC and REST APIs over a store of SavedModels."""
