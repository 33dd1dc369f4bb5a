"""What a server does with a request, whatever carried it."""
