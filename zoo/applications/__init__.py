"""What codes and latents are good for."""
