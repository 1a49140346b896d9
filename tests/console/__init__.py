"""The console over HTTP, as programs and browsers see it."""
