"""What commands have made, kept for whoever runs the same ones again."""
